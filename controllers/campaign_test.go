package controllers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const connectedShop = `
  integrations:
    vapi: {assistantID: asst_1, credentialsSecretRef: {name: vapi}}
    twilio: {from: "+442079460000", credentialsSecretRef: {name: twilio}}
`

const shopCampaign = `
apiVersion: frontdesk.dev/v1alpha1
kind: Campaign
metadata: {name: recall}
spec:
  tenantRef: {name: shop}
  audience: {}
  steps: [{name: nudge, channel: SMS, message: "Hi {{.Lead.FirstName}}"}]
  windows: [{days: [Mon], spans: [{from: "09:00", to: "17:00"}]}]
`

func (w *world) waitCampaign(kind v1alpha1.ConditionType, status metav1.ConditionStatus, reason v1alpha1.ConditionReason) *v1alpha1.Campaign {
	w.t.Helper()
	campaign := &v1alpha1.Campaign{}
	w.eventually("the campaign", func() string {
		w.get(campaign, "recall")
		if c := meta.FindStatusCondition(campaign.Status.Conditions, string(kind)); c != nil && c.ObservedGeneration != campaign.Generation {
			return "is about an earlier generation"
		}
		return conditionProblem(campaign.Status.Conditions, kind, status, reason)
	})
	return campaign
}

// What a server reports of a campaign comes out in its status.
func TestCampaignProgressReachesTheStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(shopCampaign)
	w.waitCampaign(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTenantNotFound)
	w.apply(simpleTenant(connectedShop))
	w.waitReady("shop")
	w.waitCampaign(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonUnsupportedFeature)

	w.node.ReportCampaigns(tenantconfig.CampaignProgress{
		Name: "recall", Run: 1, State: tenantconfig.CampaignRunning,
		Counts: tenantconfig.CampaignCounts{Targeted: 12, Attempted: 5, Connected: 3, Booked: 2},
	})
	// A new revision makes the operator ask at once instead of at its next regular question.
	edit(w, &v1alpha1.BookingPolicy{}, "hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Buffers.After = "10m" })
	campaign := w.waitCampaign(v1alpha1.ConditionRunning, metav1.ConditionTrue, v1alpha1.ReasonRunning)
	want := &v1alpha1.CampaignCounts{Targeted: 12, Attempted: 5, Connected: 3, Booked: 2}
	if diff := cmp.Diff(want, campaign.Status.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if problem := conditionProblem(campaign.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady); problem != "" {
		t.Error(problem)
	}

	edit(w, &v1alpha1.Campaign{}, "recall", func(c *v1alpha1.Campaign) { c.Spec.Run = 2 })
	campaign = w.waitCampaign(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInProgress)
	if campaign.Status.Run != 1 || campaign.Status.Counts.Attempted != 5 {
		t.Errorf("the counts of the run before are gone before those of the next are there: %+v", campaign.Status)
	}
}
