package campaign

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func recall() *v1alpha1.Campaign {
	return &v1alpha1.Campaign{
		ObjectMeta: metav1.ObjectMeta{Namespace: "dental", Name: "recall", Generation: 2},
		Spec: v1alpha1.CampaignSpec{
			TenantRef: v1alpha1.LocalReference{Name: "bright-smile"}, Run: 1,
			Steps: []v1alpha1.CampaignStep{
				{Name: "call", Channel: v1alpha1.StepChannelCall},
				{Name: "nudge", Channel: v1alpha1.StepChannelSMS, Message: "Hi {{.Lead.FirstName}}", Variables: map[string]v1alpha1.VariableValue{"offer": "x"}},
			},
		},
	}
}

// dentist is a tenant that is ready and has what the campaign needs.
func dentist() *v1alpha1.Tenant {
	tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: "dental", Name: "bright-smile", Generation: 1}}
	tenant.Spec.Integrations = &v1alpha1.Integrations{Vapi: &v1alpha1.VapiIntegration{}, Twilio: &v1alpha1.TwilioIntegration{}}
	tenant.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Ready", ObservedGeneration: 1}}
	return tenant
}

func progress(state tenantconfig.CampaignState, attempted int64) tenantconfig.CampaignProgress {
	return tenantconfig.CampaignProgress{Name: "recall", Run: 1, State: state, Counts: tenantconfig.CampaignCounts{Targeted: 10, Attempted: attempted}}
}

func said(campaigns ...tenantconfig.CampaignProgress) probe.Answer {
	answer := probe.Answer{}
	answer.Campaigns = append([]tenantconfig.CampaignProgress{}, campaigns...)
	return answer
}

func TestConditions(t *testing.T) {
	t.Parallel()
	type edit func(*v1alpha1.Campaign, *v1alpha1.Tenant)
	none := func(*v1alpha1.Campaign, *v1alpha1.Tenant) {}
	running := map[types.UID]probe.Answer{"a": said(progress(tenantconfig.CampaignRunning, 3))}
	for name, c := range map[string]struct {
		edit    edit
		answers map[types.UID]probe.Answer
		want    []string
		says    string
	}{
		"running":                   {none, running, []string{"Ready=True Ready", "Running=True Running", "Completed=False InProgress", "BudgetExhausted=False BudgetLeft", "TenantReady=True TenantReady"}, "knows the campaign"},
		"outside of its window":     {none, map[types.UID]probe.Answer{"a": said(progress(tenantconfig.CampaignOutsideWindow, 3))}, []string{"Ready=True Ready", "Running=False OutsideWindow", "Completed=False InProgress"}, ""},
		"through":                   {none, map[types.UID]probe.Answer{"a": said(progress(tenantconfig.CampaignCompleted, 3))}, []string{"Ready=True Ready", "Running=False Completed", "Completed=True Completed"}, ""},
		"end time":                  {none, map[types.UID]probe.Answer{"a": said(progress(tenantconfig.CampaignEndTimeReached, 3))}, []string{"Running=False EndTimeReached", "Completed=True EndTimeReached"}, ""},
		"budget used up":            {none, map[types.UID]probe.Answer{"a": said(progress(tenantconfig.CampaignBudgetExhausted, 3))}, []string{"Running=False BudgetExhausted", "BudgetExhausted=True BudgetExhausted"}, ""},
		"a state of a newer server": {none, map[types.UID]probe.Answer{"a": said(progress("Dreaming", 3))}, []string{"Ready=True Ready", "Running=Unknown Unknown"}, ""},
		"server that runs none":     {none, map[types.UID]probe.Answer{"a": {}}, []string{"Ready=False UnsupportedFeature", "Running=False UnsupportedFeature", "Stalled=True UnsupportedFeature"}, "does not run it"},
		"not taken up yet":          {none, map[types.UID]probe.Answer{"a": said()}, []string{"Ready=False InProgress", "Reconciling=True InProgress"}, "run 1"},
		"an earlier run":            {func(c *v1alpha1.Campaign, _ *v1alpha1.Tenant) { c.Spec.Run = 2 }, running, []string{"Ready=False InProgress", "Reconciling=True InProgress"}, "run 2"},
		"nobody has answered":       {none, map[types.UID]probe.Answer{"a": {Err: errors.New("silence")}}, []string{"Ready=False TenantNotReady", "Reconciling=True TenantNotReady"}, "no server"},
		"no integration": {func(_ *v1alpha1.Campaign, t *v1alpha1.Tenant) { t.Spec.Integrations.Vapi = nil }, running,
			[]string{"Ready=False IntegrationNotConnected", "Stalled=True IntegrationNotConnected"}, `spec.steps[0].channel: Call needs spec.integrations.vapi of Tenant "bright-smile"`},
		"suspended tenant": {func(_ *v1alpha1.Campaign, t *v1alpha1.Tenant) { t.Spec.RunState = v1alpha1.RunStateSuspended }, running,
			[]string{"Ready=False Suspended", "Reconciling=True Suspended"}, "when the tenant runs again"},
		"tenant that is not ready": {func(_ *v1alpha1.Campaign, t *v1alpha1.Tenant) { t.Status.Conditions[0].Status = metav1.ConditionFalse }, running,
			[]string{"TenantReady=False TenantNotReady", "Ready=True Ready"}, ""},
		"broken message": {func(c *v1alpha1.Campaign, _ *v1alpha1.Tenant) { c.Spec.Steps[1].Message = "Hi {{.Lead.Nickname}}" }, running,
			[]string{"Ready=False Invalid", "Stalled=True Invalid"}, "spec.steps[1].message: names .Lead.Nickname, which there is not: use .Lead.FirstName"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			campaign, tenant := recall(), dentist()
			c.edit(campaign, tenant)
			status := statusOf(view{campaign: campaign, tenant: tenant, report: reportOf(c.answers, campaign.Name)})
			for _, want := range c.want {
				kind, rest, _ := strings.Cut(want, "=")
				found := meta.FindStatusCondition(status.Conditions, kind)
				if found == nil || string(found.Status)+" "+found.Reason != rest {
					t.Errorf("want %s, got %+v", want, found)
				}
			}
			ready := meta.FindStatusCondition(status.Conditions, "Ready")
			if !strings.Contains(ready.Message, c.says) {
				t.Errorf("Ready does not say %q: %s", c.says, ready.Message)
			}
		})
	}
}

func TestMissingTenant(t *testing.T) {
	t.Parallel()
	status := statusOf(view{campaign: recall()})
	if c := meta.FindStatusCondition(status.Conditions, "Ready"); c.Reason != "TenantNotFound" || !strings.Contains(c.Message, `there is no Tenant "bright-smile" in namespace dental`) {
		t.Errorf("Ready is %+v", c)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Hi {{.Lead.Name}} from {{.Tenant.DisplayName}}: {{.BookingURL}}": "",
		"{{if .Variables.offer}}{{.Variables.offer}}{{else}}hello{{end}}": "",
		"{{.Variables.offer}} and {{.Variables.common}}":                  "",
		"{{.Variables.single}}":            "names .Variables.single, which not every lead has",
		"{{.Lead}}":                        "names .Lead, which there is not",
		"{{.Lead.FirstName":                "is no template",
		`{{printf "%s" .Tenant.Password}}`: "names .Tenant.Password, which there is not",
	} {
		campaign := recall()
		campaign.Spec.Steps[1].Message = text
		campaign.Spec.Variants = []v1alpha1.Variant{
			{Name: "a", Variables: map[string]v1alpha1.VariableValue{"common": "x", "single": "x"}},
			{Name: "b", Variables: map[string]v1alpha1.VariableValue{"common": "x"}},
		}
		var got string
		for _, fault := range check(campaign) {
			got += fault.String()
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Of several servers the one that is furthest along knows best, whichever order they come in.
func TestReportIsThatOfTheFurthest(t *testing.T) {
	t.Parallel()
	answers := map[types.UID]probe.Answer{
		"a": said(progress(tenantconfig.CampaignRunning, 3)),
		"b": said(progress(tenantconfig.CampaignRunning, 7)),
		"c": {Err: errors.New("silence"), Status: tenantconfig.Status{Campaigns: []tenantconfig.CampaignProgress{progress(tenantconfig.CampaignRunning, 9)}}},
		"d": said(),
	}
	for range 20 {
		if got := reportOf(answers, "recall"); got.progress.Counts.Attempted != 7 {
			t.Fatalf("the report is %+v", got.progress)
		}
	}
}

func TestStatusSaysWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	next := time.Date(2026, 11, 23, 9, 30, 0, 500, time.UTC)
	p := progress(tenantconfig.CampaignRunning, 4)
	p.Spent, p.NextAttempt = &tenantconfig.Money{Amount: "1.50", Currency: "GBP"}, &next
	p.Variants = []tenantconfig.VariantProgress{{Name: "a", Counts: tenantconfig.CampaignCounts{Booked: 1}}}
	status := statusOf(view{campaign: recall(), tenant: dentist(), report: reportOf(map[types.UID]probe.Answer{"a": said(p)}, "recall")})
	status.Conditions = nil
	want := v1alpha1.CampaignStatus{
		ObservedGeneration: 2, Run: 1,
		Counts:          &v1alpha1.CampaignCounts{Targeted: 10, Attempted: 4},
		Spent:           &v1alpha1.Money{Amount: "1.50", Currency: "GBP"},
		NextAttemptTime: ptr.To(metav1.NewTime(next.Truncate(time.Second))),
		Variants:        []v1alpha1.VariantStatus{{Name: "a", CampaignCounts: v1alpha1.CampaignCounts{Booked: 1}}},
	}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	var p pace
	key := types.NamespacedName{Namespace: "dental", Name: "recall"}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	status := func(attempted int64, edit func(*v1alpha1.Campaign)) *v1alpha1.CampaignStatus {
		campaign := recall()
		edit(campaign)
		s := statusOf(view{campaign: campaign, tenant: dentist(), report: reportOf(map[types.UID]probe.Answer{"a": said(progress(tenantconfig.CampaignRunning, attempted))}, "recall")})
		return &s
	}
	none := func(*v1alpha1.Campaign) {}
	before, after := status(1, none), status(2, none)
	after.Conditions = before.Conditions
	if wait := p.wait(key, before, after, now); wait != 0 {
		t.Errorf("the first progress waits %s", wait)
	}
	p.note(key, now)
	if wait := p.wait(key, before, after, now.Add(10*time.Second)); wait != 50*time.Second {
		t.Errorf("progress waits %s, want what is left of a minute", wait)
	}
	if wait := p.wait(key, before, before, now.Add(10*time.Second)); wait != 0 {
		t.Errorf("what has not changed waits %s", wait)
	}
	if wait := p.wait(key, before, status(2, func(c *v1alpha1.Campaign) { c.Generation++ }), now.Add(10*time.Second)); wait != 0 {
		t.Errorf("the answer to an edit waits %s", wait)
	}
	if wait := p.wait(key, before, after, now.Add(2*time.Minute)); wait != 0 {
		t.Errorf("after two minutes progress waits %s", wait)
	}
}
