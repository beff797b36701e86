package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/test/internal/report"
)

func TestEachLimitIsJudged(t *testing.T) {
	t.Parallel()
	var limits []limit
	if err := json.Unmarshal(limitsJSON, &limits); err != nil {
		t.Fatal(err)
	}
	var kept, missed []report.Row
	for _, l := range limits {
		switch {
		case l.Max != nil:
			kept, missed = append(kept, report.Plain(l.Name, *l.Max, "")), append(missed, report.Plain(l.Name, *l.Max+1, ""))
		case l.Min != nil:
			kept, missed = append(kept, report.Plain(l.Name, *l.Min, "")), append(missed, report.Plain(l.Name, *l.Min-1, ""))
		default:
			t.Errorf("%s has no limit", l.Name)
		}
	}
	for name, test := range map[string]struct {
		rows []report.Row
		want int
	}{
		"at the limits": {kept, 0},
		"beyond them":   {missed, len(limits)},
		"not measured":  {nil, len(limits)},
	} {
		beyond, err := judge(test.rows)
		if diff := cmp.Diff(test.want, len(beyond)); diff != "" || err != nil {
			t.Errorf("%s (-want +got), error %v:\n%s%v", name, err, diff, beyond)
		}
	}
}
