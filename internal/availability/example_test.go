package availability_test

import (
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// A dentist works mornings and is booked at ten; a customer asks for half an
// hour on Monday.
func Example() {
	london, err := localtime.LoadZone("Europe/London")
	if err != nil {
		panic(err)
	}
	morning, err := availability.ParseSpan("09:00", "11:30")
	if err != nil {
		panic(err)
	}
	hours, err := availability.NewSchedule(availability.ScheduleInput{
		Zone:   london,
		Weekly: []availability.WeeklyHours{{Days: []time.Weekday{time.Monday}, Spans: []availability.Span{morning}}},
	})
	if err != nil {
		panic(err)
	}
	policy := &availability.Policy{Schedule: hours, Rules: availability.Rules{
		Grid:        availability.Grid{Interval: 15 * time.Minute, Anchor: availability.SpanStart},
		BufferAfter: 10 * time.Minute,
	}}

	monday := time.Date(2027, time.February, 1, 0, 0, 0, 0, london)
	ten := monday.Add(10 * time.Hour)
	engine, err := availability.New(&availability.Snapshot{
		Now: monday,
		Service: availability.Service{
			Duration: 30 * time.Minute,
			Requires: []availability.Requirement{{AnyOf: []string{"dr-khan"}}},
		},
		Resources: []availability.Resource{{
			ID:     "dr-khan",
			Policy: policy,
			Busy:   []availability.Occupancy{{Unit: 1, Interval: availability.Between(ten, ten.Add(40*time.Minute))}},
		}},
	})
	if err != nil {
		panic(err)
	}

	slots, err := engine.Slots(monday, monday.AddDate(0, 0, 1))
	if err != nil {
		panic(err)
	}
	for _, slot := range slots {
		fmt.Println(slot.StartTime().In(london).Format("15:04"), slot.Units[0].Resource)
	}
	for _, start := range []time.Time{ten, ten.Add(time.Minute), monday.AddDate(0, 0, 1).Add(9 * time.Hour)} {
		fmt.Println(engine.Explain(start).Text())
	}
	// Output:
	// 09:00 dr-khan
	// 09:15 dr-khan
	// 10:45 dr-khan
	// 11:00 dr-khan
	// dr-khan is already booked at this time.
	// Appointments do not start at this time.
	// Closed on this day.
}
