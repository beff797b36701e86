package provision

import (
	"encoding/binary"
	"hash/fnv"
	"time"
)

// Step is what a tenant's database needs next.
type Step int

// The steps.
const (
	// StepNone: nothing until something changes.
	StepNone Step = iota
	// StepCreate: there is no credential, so that the database may not be there either.
	StepCreate
	// StepRotate: it is time for another password.
	StepRotate
	// StepRetire: everybody has the new password, the former may go.
	StepRetire
	// StepRepair: the servers cannot get in with what they have.
	StepRepair
)

// Situation is everything that Plan looks at.
type Situation struct {
	// Have is nil when there is no credential.
	Have *Credential
	// Rotation is Server.Rotation.
	Rotation time.Duration
	// Request is the value by which somebody asks for a rotation; each new one is a new wish.
	Request string
	// Everywhere: every pod that there is, also one that is starting or ending, serves the credential. Without pods it is true.
	Everywhere bool
	// LockedOut: a pod says that it cannot reach the database.
	LockedOut bool
	Tenant    Identity
	Now       time.Time
}

// Plan decides on the next step. after is when to ask again if nothing happens; 0 means never.
func Plan(s Situation) (next Step, after time.Duration) {
	if s.Have == nil {
		return StepCreate, 0
	}
	if s.LockedOut {
		return StepRepair, 0
	}
	if s.Have.Retiring() != 0 {
		// One rotation at a time: there are only two roles.
		if s.Everywhere {
			return StepRetire, 0
		}
		return StepNone, 0
	}
	if s.Request != "" && s.Request != s.Have.Request {
		return StepRotate, 0
	}
	if s.Rotation == 0 {
		return StepNone, 0
	}
	due := s.Have.RotatedAt.Add(s.Rotation - spread(s.Tenant, s.Rotation))
	if !s.Now.Before(due) {
		return StepRotate, 0
	}
	return StepNone, due.Sub(s.Now)
}

// spread brings a rotation forward by up to a tenth, by another amount for each tenant, so that tenants who
// were made together do not rotate together.
func spread(tenant Identity, rotation time.Duration) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(tenant.UID)) // never fails
	part := binary.BigEndian.Uint32(hash.Sum(nil)[4:])
	return time.Duration(float64(rotation) / 10 * float64(part) / (1 << 32))
}
