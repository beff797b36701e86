package podlogs

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Line is one line of one pod.
type Line struct {
	Pod  string
	At   time.Time
	Text string
}

// parseLine takes the timestamp off that the API server puts before each line.
func parseLine(pod, text string) Line {
	stamp, rest, found := strings.Cut(text, " ")
	if at, err := time.Parse(time.RFC3339Nano, stamp); found && err == nil {
		return Line{pod, at, rest}
	}
	return Line{Pod: pod, Text: text}
}

// ParseLevel reads debug, info, warn or error.
func ParseLevel(text string) (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return 0, fmt.Errorf("%q is no level: use debug, info, warn or error", text)
	}
	return level, nil
}

// AtLeast says whether a line is of a level or above. A line that names none, such as a panic, always is.
func (l Line) AtLeast(least slog.Level) bool {
	var head struct {
		Level string `json:"level"`
	}
	if err := json.Unmarshal([]byte(l.Text), &head); err != nil || head.Level == "" {
		return true
	}
	level, err := ParseLevel(head.Level)
	return err != nil || level >= least
}
