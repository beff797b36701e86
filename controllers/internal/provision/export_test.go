package provision

// LockKey and LockDatabase are what a tenant could find out.
func (n Names) LockKey() int64 { return n.lockKey() }

func LockDatabase(prefix string) Names { return lockDatabase(prefix) }
