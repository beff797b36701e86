package postgres

import "testing"

// TestShares: there is something left for those who read, and for changes beside those that wait, where the pool is large enough.
func TestShares(t *testing.T) {
	t.Parallel()
	for pool, want := range map[int64][2]int64{1: {1, 1}, 2: {2, 1}, 3: {2, 1}, 4: {3, 1}, 8: {6, 2}, 15: {12, 5}, 100: {80, 33}} {
		if changes, inLine := shares(pool); changes != want[0] || inLine != want[1] {
			t.Errorf("of %d connections %d are for changes, and %d of them for those that wait; want %d, %d", pool, changes, inLine, want[0], want[1])
		}
	}
}
