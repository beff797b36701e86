package rollout

import (
	"math"
	"slices"
	"time"
)

// hearing is how long the first choice of canaries waits for tenants whose pods have not been heard of, or are taking up
// what this operator writes: one that brings a target with it has just started, and those who happen to answer first
// are not who should go first.
const hearing = 30 * time.Second

// admit lets tenants join the wave that is under way, or chooses the next one when it has ended.
func (d *decision) admit() {
	wave := &d.state.Wave
	if d.state.Halted != nil || d.Plan.Paused || (len(wave.Members) > 0 && wave.Left <= 0) {
		return
	}
	p := d.pools()
	switch {
	case !p.early:
		wave.Left = min(wave.Left, len(p.of[wave.Pool]))
	case len(wave.Members) == 0 && len(p.of[wave.Pool]) == 0:
		// After a restart those that are left may not have been heard of yet. That is no reason to cut the wave
		// short, unless it would keep the others waiting.
		wave.Left = 0
	}
	if len(wave.Members) == 0 && wave.Left <= 0 {
		d.begin(p)
	}
	d.join(p.of[wave.Pool])
}

// begin chooses what the next wave is made of, and how many tenants belong to it.
func (d *decision) begin(p pools) {
	wave := &d.state.Wave
	heard := d.state.TargetedAt.Add(hearing)
	size := d.Plan.size(wave.Number, len(d.Fleet))
	switch {
	case len(p.of[PoolVictims]) > 0:
		wave.Pool, size = PoolVictims, len(p.of[PoolVictims])
	case p.early && wave.Number == 0 && d.Now.Before(heard):
		d.wake(heard)
		return
	case len(p.of[PoolCandidates]) > 0:
		wave.Pool = PoolCandidates
		wave.Number++
	case len(p.of[PoolSuspended]) > 0 && !p.waiting:
		wave.Pool = PoolSuspended
	default:
		return
	}
	wave.Left = min(size, len(p.of[wave.Pool]))
}

// join admits as many tenants of the pool as are left and as there is room for.
func (d *decision) join(pool []Tenant) {
	wave := &d.state.Wave
	count := min(wave.Left, d.room(), len(pool))
	if count <= 0 {
		return
	}
	if wave.Pool == PoolCandidates {
		pool = ordered(pool, d.Target.Revision)
	}
	now := d.now()
	for _, t := range pool[:count] {
		wave.Members = append(wave.Members, Member{Tenant: t.Name, AdmittedAt: now, Asked: t.Asked})
	}
	wave.Left -= count
	if d.state.StartedAt == nil {
		d.state.StartedAt = &now
	}
	d.state.FinishedAt = nil
	d.wake(now.Add(min(d.Plan.Deadline, d.Plan.limit())))
}

// room is how many more tenants may be in the middle of their update; negative when there are too many already. Victims need
// none: they are down, and the next failure among them could halt what mends the others.
func (d *decision) room() int {
	if d.Plan.Parallelism == 0 || d.state.Wave.Pool == PoolVictims {
		return math.MaxInt
	}
	room := d.Plan.Parallelism
	for _, m := range d.state.Wave.Members {
		if t := d.fleet[m.Tenant]; t.Pending || t.Health != Healthy {
			room--
		}
	}
	return room
}

// pools are who could be admitted.
type pools struct {
	of map[Pool][]Tenant
	// waiting: there are others that run, and that will be candidates by themselves.
	waiting bool
	// early: of some it cannot be said yet how they are.
	early bool
}

func (d *decision) pools() pools {
	members := make(map[string]bool, len(d.state.Wave.Members))
	for _, m := range d.state.Wave.Members {
		members[m.Tenant] = true
	}
	p := pools{of: map[Pool][]Tenant{}}
	for _, t := range d.Fleet {
		if !t.Pending || members[t.Name] || d.state.HasFailed(t.Name) {
			continue
		}
		switch t.Health {
		case Unhealthy:
			if slices.Contains(d.state.Rescue, t.Name) {
				p.of[PoolVictims] = append(p.of[PoolVictims], t)
				continue
			}
			p.early = p.early || t.Progressing
		case Healthy:
			if t.open(d.Now) {
				p.of[PoolCandidates] = append(p.of[PoolCandidates], t)
				continue
			}
			p.waiting = true
			if t.Opens.After(d.Now) {
				d.wake(t.Opens)
			}
		case Suspended:
			p.of[PoolSuspended] = append(p.of[PoolSuspended], t)
		case Unknown:
			p.waiting, p.early = true, true
		}
	}
	return p
}
