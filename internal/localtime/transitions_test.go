package localtime_test

import (
	"bufio"
	"compress/gzip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // zones do not depend on the machine

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// change is one line of testdata/transitions.gz, which Python's zoneinfo made.
// See testdata/generate.py for the format.
type change struct {
	at            int64
	before, after int64
	outcomes      string
	zones         []string
}

// TestResolveAgreesWithZoneinfo compares with an independent implementation, in
// every zone, around every change of offset from 1970 to 2037.
func TestResolveAgreesWithZoneinfo(t *testing.T) {
	t.Parallel()
	compared, stale, zones := 0, 0, map[string]*time.Location{}
	for _, c := range readChanges(t) {
		for _, name := range c.zones {
			loc, loaded := zones[name]
			if !loaded {
				loc, _ = time.LoadLocation(name) // nil if this machine does not have it
				zones[name] = loc
			}
			if loc == nil || !sameData(loc, c) {
				stale++
				continue
			}
			for i, wall := range c.samples() {
				compared++
				d, second := splitWall(wall)
				if got, want := localtime.ResolveUnix(loc, d, second), c.instant(t, i, wall); got != want {
					t.Errorf("%s: %s %s is %s, zoneinfo says %s", name, d, time.Duration(second)*time.Second,
						time.Unix(got, 0).In(loc), time.Unix(want, 0).In(loc))
				}
			}
		}
	}
	// Another release of the zone data may know a few changes differently; those
	// say nothing about the resolver. More than a few, and the test is hollow.
	t.Logf("%d wall times in %d zones compared; %d changes are not in this machine's zone data", compared, len(zones), stale)
	if total := compared/10 + stale; stale*50 > total {
		t.Errorf("%d of %d changes are not in this machine's zone data: run testdata/generate.py", stale, total)
	}
}

// sameData reports whether loc has the change.
func sameData(loc *time.Location, c change) bool {
	_, before := time.Unix(c.at-1, 0).In(loc).Zone()
	_, after := time.Unix(c.at, 0).In(loc).Zone()
	return int64(before) == c.before && int64(after) == c.after
}

// samples are the wall times of the outcomes, in seconds since 1970-01-01 00:00
// on the same clock.
func (c change) samples() []int64 {
	low, high := c.at+min(c.before, c.after), c.at+max(c.before, c.after)
	d, _ := splitWall(c.at + c.before)
	midnight := int64(d) * 86400
	middle := low + (high-low)/2
	return []int64{low - 60, low, low + 60, middle, high - 60, high, high + 60, midnight, midnight + 86400, midnight + 12*3600}
}

// instant returns the outcome of sample i, whose wall time is given.
func (c change) instant(t *testing.T, i int, wall int64) int64 {
	t.Helper()
	rest := c.outcomes
	for ; ; i-- {
		outcome := rest[:1]
		if outcome == "(" {
			outcome = rest[:strings.IndexByte(rest, ')')+1]
		}
		rest = rest[len(outcome):]
		switch {
		case i > 0:
		case outcome == "b":
			return wall - c.before
		case outcome == "a":
			return wall - c.after
		default:
			return number(t, strings.Trim(outcome, "()"))
		}
	}
}

func splitWall(wall int64) (localtime.Date, int) {
	d := localtime.DateOf(time.Unix(wall, 0), time.UTC)
	return d, int(wall - int64(d)*86400)
}

func readChanges(t *testing.T) []change {
	t.Helper()
	file, err := os.Open("testdata/transitions.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // only read
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var changes []change
	var at int64
	lines := bufio.NewScanner(plain)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch fields[0] {
		case "#":
			continue
		case "zones":
			names = fields[1:]
			continue
		}
		at += number(t, fields[0])
		c := change{at: at, before: number(t, fields[1]), after: number(t, fields[2]), outcomes: fields[3]}
		for n := range strings.SplitSeq(fields[4], ",") {
			c.zones = append(c.zones, names[number(t, n)])
		}
		changes = append(changes, c)
	}
	if lines.Err() != nil || len(changes) == 0 {
		t.Fatalf("%d changes read: %v", len(changes), lines.Err())
	}
	return changes
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
