package lead

import (
	"strings"
	"time"
)

// Factor is one reason for a score.
type Factor struct {
	// Name is for programs, Reason for people.
	Name, Reason string
	Points       int
}

// MaxScore is the highest score; the lowest is 0.
const MaxScore = 100

// Ages up to which a lead counts as fresh. Interest fades: who asked today is likelier to book than who asked last year.
const (
	day          = 24 * time.Hour
	fresh        = 2 * day
	recent       = 14 * day
	old          = 90 * day
	restAfterTry = 2 * day
)

// statusPoints are what a status says about the chance of a booking.
var statusPoints = map[Status]Factor{
	StatusNew:           {"status", "Not contacted yet", 15},
	StatusContacted:     {"status", "Has been contacted", 15},
	StatusNoAnswer:      {"status", "Did not answer so far", 5},
	StatusEngaged:       {"status", "Answered and is interested", 35},
	StatusBooked:        {"status", "Has booked", 40},
	StatusCancelled:     {"status", "Cancelled an appointment", 20},
	StatusNotInterested: {"status", "Said no", -20},
}

// sourcePoints are what a source says; others are worth nothing.
var sourcePoints = map[string]Factor{
	"referral": {"source", "Was recommended", 15},
	"website":  {"source", "Came through the website", 10},
	"web":      {"source", "Came through the website", 10},
	"call":     {"source", "Called", 15},
	"sms":      {"source", "Wrote a text message", 10},
	"facebook": {"source", "Came through an advertisement", 5},
}

// Score rates from 0 to MaxScore how promising it is to contact a person now, with the reasons. It is the sum of the
// factors, cut off at both ends; somebody who opted out scores 0. It is computed whenever it is shown, because age counts.
func Score(p Person, optedOut bool, now time.Time) (int, []Factor) {
	if optedOut || p.Status == StatusOptedOut {
		return 0, []Factor{{"opted_out", "Must not be contacted", -MaxScore}}
	}
	factors := []Factor{statusPoints[p.Status], ageFactor(now.Sub(p.CreatedAt))}
	if p.Name != "" {
		factors = append(factors, Factor{"name", "The name is known", 5})
	}
	if p.Phone != "" {
		factors = append(factors, Factor{"phone", "Can be called", 10})
	}
	if p.Email != "" {
		factors = append(factors, Factor{"email", "Can be reached by e-mail too", 5})
	}
	if source, known := sourcePoints[strings.ToLower(p.Source)]; known {
		factors = append(factors, source)
	}
	if p.Notes != "" {
		factors = append(factors, Factor{"notes", "There are notes", 5})
	}
	if !p.LastContactedAt.IsZero() && now.Sub(p.LastContactedAt) < restAfterTry {
		factors = append(factors, Factor{"rest", "Was contacted in the last two days", -15})
	}
	sum := 0
	for _, factor := range factors {
		sum += factor.Points
	}
	return min(max(sum, 0), MaxScore), factors
}

func ageFactor(age time.Duration) Factor {
	switch {
	case age < fresh:
		return Factor{"age", "Came in the last two days", 25}
	case age < recent:
		return Factor{"age", "Came in the last two weeks", 15}
	case age < old:
		return Factor{"age", "Came in the last three months", 5}
	}
	return Factor{"age", "Came more than three months ago", 0}
}
