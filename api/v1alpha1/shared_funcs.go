package v1alpha1

import (
	"fmt"
	"regexp"
	"time"
)

// durationPattern is the pattern of the schema. time.ParseDuration alone would also take signs, fractions
// and units that the API does not.
var durationPattern = regexp.MustCompile(`^([0-9]{1,5}(h|m|s|ms)){1,4}$`)

// Parse returns the length of time that d stands for. An empty string is zero. The error says what is
// accepted; an object that came through the API server never causes it.
func (d Duration) Parse() (time.Duration, error) {
	if d == "" {
		return 0, nil
	}
	if !durationPattern.MatchString(string(d)) {
		return 0, fmt.Errorf("duration %q: write numbers with the units h, m, s or ms, like 1h30m", string(d))
	}
	parsed, err := time.ParseDuration(string(d))
	if err != nil {
		return 0, fmt.Errorf("duration %q: %w", string(d), err)
	}
	return parsed, nil
}
