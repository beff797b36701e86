package lead_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

func TestScoreIsTheSumOfItsFactors(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		person   lead.Person
		optedOut bool
		want     int
	}{
		"fresh":      {lead.Person{Status: lead.StatusNew, Name: "Ann", Phone: "+44", CreatedAt: now}, false, 15 + 25 + 5 + 10},
		"engaged":    {lead.Person{Status: lead.StatusEngaged, Phone: "+44", Email: "a@b.c", Source: "Referral", Notes: "x", CreatedAt: now.AddDate(0, 0, -5)}, false, 35 + 15 + 10 + 5 + 15 + 5},
		"tried":      {lead.Person{Status: lead.StatusNoAnswer, Phone: "+44", LastContactedAt: now.Add(-time.Hour), CreatedAt: now.AddDate(0, 0, -5)}, false, 5 + 15 + 10 - 15},
		"said no":    {lead.Person{Status: lead.StatusNotInterested, CreatedAt: now.AddDate(-1, 0, 0)}, false, 0},
		"opted out":  {lead.Person{Status: lead.StatusBooked, Phone: "+44", CreatedAt: now}, true, 0},
		"by status":  {lead.Person{Status: lead.StatusOptedOut, Phone: "+44", CreatedAt: now}, false, 0},
		"everything": {lead.Person{Status: lead.StatusBooked, Name: "A", Phone: "+44", Email: "a@b.c", Source: "call", Notes: "x", CreatedAt: now}, false, 100},
	} {
		got, factors := lead.Score(test.person, test.optedOut, now)
		sum := 0
		for _, factor := range factors {
			sum += factor.Points
			if factor.Reason == "" || factor.Name == "" {
				t.Errorf("%s: a factor without a reason: %+v", name, factors)
			}
		}
		if got != test.want || got != min(max(sum, 0), lead.MaxScore) {
			t.Errorf("%s: score %d of %+v; want %d", name, got, factors, test.want)
		}
	}
}

func TestPipeline(t *testing.T) {
	t.Parallel()
	for _, from := range lead.Statuses {
		if !from.MayBecome(from) {
			t.Errorf("%s cannot stay", from)
		}
		if from != lead.StatusNew && from.MayBecome(lead.StatusNew) {
			t.Errorf("%s can become new again", from)
		}
		if got := from.MayBecome(lead.StatusOptedOut); !got {
			t.Errorf("%s cannot opt out", from)
		}
		if from == lead.StatusOptedOut && len(from.Next()) != 0 {
			t.Error("an opt-out can be undone by hand")
		}
	}
	if lead.StatusNew.MayBecome(lead.StatusCancelled) || lead.Status("dreaming").Known() {
		t.Error("a step that makes no sense is allowed")
	}
}

func TestCleanRefuses(t *testing.T) {
	t.Parallel()
	for field, d := range map[string]lead.Draft{
		"phone": {Name: "x"}, "email": {Phone: "02079460123", Email: "nobody"}, "name": {Phone: "02079460123", Name: "a\x00"},
		"tags": {Phone: "02079460123", Tags: []string{"a,b"}}, "status": {Phone: "02079460123", Status: "x"},
		"customFields": {Phone: "02079460123", Custom: map[string]string{"=x": "y"}},
	} {
		_, err := d.Clean("GB")
		if booking.CodeOf(err) != booking.CodeValidation {
			t.Errorf("%s: %v", field, err)
		}
	}
	d, err := lead.Draft{Phone: " 020 7946 0123 ", Tags: []string{"B", "a", "b", ""}}.Clean("GB")
	if err != nil || d.Phone != "+442079460123" || !cmp.Equal(d.Tags, []string{"a", "b"}) {
		t.Errorf("%+v, %v", d, err)
	}
	other, err := lead.Draft{Phone: "020 7946 0123"}.Clean("US")
	if err == nil && other.Phone == d.Phone {
		t.Error("a number means the same everywhere")
	}
}

// TestAbsorbTwiceIsOnce is what makes the same file a second time change nothing.
func TestAbsorbTwiceIsOnce(t *testing.T) {
	t.Parallel()
	text := rapid.SampledFrom([]string{"", "a", "b", "c"})
	fields := rapid.MapOf(rapid.SampledFrom([]string{"x", "y"}), rapid.SampledFrom([]string{"1", "2"}))
	tags := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), func(s string) string { return s })
	rapid.Check(t, func(t *rapid.T) {
		draft := func(label string) lead.Draft {
			d, err := lead.Draft{
				Phone: "+442079460123", Name: text.Draw(t, label), Source: text.Draw(t, label), Notes: text.Draw(t, label), Tags: tags.Draw(t, label),
				Custom: fields.Draw(t, label), Status: rapid.SampledFrom(append([]lead.Status{""}, lead.Statuses...)).Draw(t, label),
			}.Clean("GB")
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		first, second := draft("known"), draft("new")
		if again := lead.Differences(lead.Fresh("1", first), lead.Absorb(lead.Fresh("1", first), first)); len(again) != 0 {
			t.Fatalf("the draft that made a person changes it: %v", again)
		}
		once := lead.Absorb(lead.Fresh("1", first), second)
		if again := lead.Differences(once, lead.Absorb(once, second)); len(again) != 0 {
			t.Fatalf("absorbing twice changes %v", again)
		}
	})
}
