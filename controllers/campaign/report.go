package campaign

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// report is what a tenant's servers say of one campaign.
type report struct {
	// heard: at least one server has answered.
	heard bool
	// supported: at least one of them runs campaigns.
	supported bool
	// progress is nil when none of them knows the campaign.
	progress *tenantconfig.CampaignProgress
}

// reportOf sums up the answers. Counts only grow within a run, so that of several servers the one that is
// furthest along knows best; of equals it is always the same one, or the status would never come to rest.
func reportOf(answers map[types.UID]probe.Answer, name string) report {
	var r report
	for _, pod := range slices.Sorted(maps.Keys(answers)) {
		answer := answers[pod]
		if answer.Err != nil {
			continue
		}
		r.heard = true
		r.supported = r.supported || answer.Campaigns != nil
		for i := range answer.Campaigns {
			found := &answer.Campaigns[i]
			if found.Name == name && (r.progress == nil || further(found, r.progress) > 0) {
				r.progress = found
			}
		}
	}
	return r
}

func further(a, b *tenantconfig.CampaignProgress) int {
	return cmp.Or(
		cmp.Compare(a.Run, b.Run),
		cmp.Compare(a.Counts.Attempted, b.Counts.Attempted),
		cmp.Compare(a.Counts.Targeted, b.Counts.Targeted),
		cmp.Compare(a.Counts.Booked, b.Counts.Booked),
	)
}
