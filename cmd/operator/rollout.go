package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/controllers"
)

// rollout are the flags about updates of pods in waves.
type rollout struct {
	canary        string
	batches       string
	parallelism   int
	soak          time.Duration
	deadline      time.Duration
	failureBudget int
	paused        bool
}

func (r *rollout) bind(flags *flag.FlagSet) {
	flags.StringVar(&r.canary, "rollout-canary", "1", "size of a rollout's first wave: tenants, or a percentage of them")
	flags.StringVar(&r.batches, "rollout-batches", "10%,25%", "sizes of the next waves, separated by commas; the last repeats")
	flags.IntVar(&r.parallelism, "rollout-parallelism", 5, "how many tenants of a wave may be replacing their pods at the same time; 0 is no limit")
	flags.DurationVar(&r.soak, "rollout-soak", 5*time.Minute, "how long a wave must be healthy before the next")
	flags.DurationVar(&r.deadline, "rollout-deadline", 10*time.Minute, "how long a tenant of a wave may be unhealthy at a stretch")
	flags.IntVar(&r.failureBudget, "rollout-failure-budget", 0, "how many tenants may fail before a rollout is halted")
	flags.BoolVar(&r.paused, "rollout-paused", false, "admit no further tenant")
}

// plan reads the flags; the error joins everything that is wrong with them.
func (r *rollout) plan() (controllers.RolloutPlan, error) {
	plan := controllers.RolloutPlan{Parallelism: r.parallelism, Soak: r.soak, Deadline: r.deadline, FailureBudget: r.failureBudget, Paused: r.paused}
	var faults []error
	var err error
	if plan.Canary, err = controllers.ParseRolloutSize(r.canary); err != nil {
		faults = append(faults, fmt.Errorf("--rollout-canary: %w", err))
	}
	for text := range strings.SplitSeq(r.batches, ",") {
		size, err := controllers.ParseRolloutSize(strings.TrimSpace(text))
		if err != nil {
			faults = append(faults, fmt.Errorf("--rollout-batches: %w", err))
		}
		plan.Batches = append(plan.Batches, size)
	}
	if r.parallelism < 0 {
		faults = append(faults, fmt.Errorf("--rollout-parallelism is %d; it must not be negative", r.parallelism))
	}
	if r.soak < 0 {
		faults = append(faults, fmt.Errorf("--rollout-soak is %s; it must not be negative", r.soak))
	}
	if r.deadline < time.Second {
		faults = append(faults, fmt.Errorf("--rollout-deadline is %s; it must be at least a second", r.deadline))
	}
	if r.failureBudget < 0 {
		faults = append(faults, fmt.Errorf("--rollout-failure-budget is %d; it must not be negative", r.failureBudget))
	}
	return plan, errors.Join(faults...)
}

// pairs is a flag that takes KEY=VALUE and may be repeated.
type pairs map[string]string

func (p *pairs) String() string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(*p)) {
		all = append(all, key+"="+(*p)[key])
	}
	return strings.Join(all, ",")
}

func (p *pairs) Set(text string) error {
	key, value, found := strings.Cut(text, "=")
	if !found || key == "" || value == "" {
		return fmt.Errorf("%q is not of the form KEY=VALUE", text)
	}
	if *p == nil {
		*p = pairs{}
	}
	(*p)[key] = value
	return nil
}
