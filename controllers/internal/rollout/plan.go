package rollout

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Plan is what the platform team decided about rollouts.
type Plan struct {
	// Canary is the size of the first wave, Batches those of the following; the last one repeats.
	Canary  Size
	Batches []Size
	// Parallelism is how many members of a wave may be in the middle of their update at the same time: who
	// has not taken the template, or is not healthy with it yet. Who only soaks does not count, and victims are not bounded. 0 is no limit.
	Parallelism int
	// Soak is how long each member of a wave must have been healthy before the next wave.
	Soak time.Duration
	// Deadline is how long a member may be unhealthy at a stretch.
	Deadline time.Duration
	// FailureBudget is how many tenants may fail before the rollout is halted.
	FailureBudget int
	// Paused admits nobody. Who has been admitted comes to the end of its update.
	Paused bool
}

// limit is when a member that has neither passed nor failed has failed all the same.
func (p Plan) limit() time.Duration { return 2 * (p.Deadline + p.Soak) }

// size is how many tenants of a fleet wave number n (from 0) may have.
func (p Plan) size(n, fleet int) int {
	if n == 0 || len(p.Batches) == 0 {
		return p.Canary.of(fleet)
	}
	return p.Batches[min(n, len(p.Batches))-1].of(fleet)
}

// Size is a number of tenants or a percentage of the fleet. The zero Size is one tenant.
type Size struct {
	count   int
	percent int
}

// ParseSize reads "5" or "10%".
func ParseSize(text string) (Size, error) {
	number, isPercent := strings.CutSuffix(text, "%")
	value, err := strconv.Atoi(number)
	if err != nil || value < 1 || (isPercent && value > 100) {
		return Size{}, fmt.Errorf("%q is no size of a wave: write a number of tenants from 1, or a percentage of them from 1%% to 100%%", text)
	}
	if isPercent {
		return Size{percent: value}, nil
	}
	return Size{count: value}, nil
}

// of is at least one, or nothing would ever happen.
func (s Size) of(fleet int) int {
	if s.percent > 0 {
		return max(1, (fleet*s.percent+99)/100)
	}
	return max(1, s.count)
}

// String is what ParseSize reads.
func (s Size) String() string {
	if s.percent > 0 {
		return fmt.Sprintf("%d%%", s.percent)
	}
	return strconv.Itoa(max(1, s.count))
}
