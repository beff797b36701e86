package campaign

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// view is everything that a status depends on. tenant is nil when there is none.
type view struct {
	campaign *v1alpha1.Campaign
	tenant   *v1alpha1.Tenant
	report   report
}

// statusOf is pure. What is known of the progress is kept while nobody says anything newer.
func statusOf(v view) v1alpha1.CampaignStatus {
	status := *v.campaign.Status.DeepCopy()
	status.ObservedGeneration = v.campaign.Generation
	if p := v.report.progress; p != nil {
		status.Run = p.Run
		counts := countsOf(p.Counts)
		status.Counts, status.Spent, status.NextAttemptTime, status.Variants = &counts, nil, nil, nil
		if p.Spent != nil {
			status.Spent = &v1alpha1.Money{Amount: p.Spent.Amount, Currency: p.Spent.Currency}
		}
		if p.NextAttempt != nil {
			status.NextAttemptTime = &metav1.Time{Time: p.NextAttempt.Truncate(timeResolution)}
		}
		for _, variant := range p.Variants {
			status.Variants = append(status.Variants, v1alpha1.VariantStatus{
				Name: v1alpha1.Identifier(variant.Name), CampaignCounts: countsOf(variant.Counts),
			})
		}
	}
	status.Conditions = conditions.Set(v.campaign.Status.Conditions, v.campaign.Generation, v.conditions()...)
	return status
}

func countsOf(c tenantconfig.CampaignCounts) v1alpha1.CampaignCounts {
	return v1alpha1.CampaignCounts{
		Targeted: c.Targeted, Attempted: c.Attempted, Connected: c.Connected, Booked: c.Booked, OptedOut: c.OptedOut, Failed: c.Failed,
	}
}

// unheard says that nothing but the silence of servers that this process has not heard of yet speaks against
// the status that is there, as after a restart. Their answers start another pass.
func (v view) unheard() bool {
	status := v.campaign.Status
	return !v.report.heard && v.tenant != nil && v.tenantReady().Status == metav1.ConditionTrue &&
		v.tenant.Spec.RunState != v1alpha1.RunStateSuspended &&
		status.ObservedGeneration == v.campaign.Generation && meta.FindStatusCondition(status.Conditions, string(v1alpha1.ConditionReady)) != nil
}

func (v view) conditions() []conditions.Condition {
	if faults := check(v.campaign); len(faults) > 0 {
		return v.blocked(v1alpha1.ConditionStalled, v1alpha1.ReasonInvalid, document.Summary(faults))
	}
	if v.tenant == nil {
		ready := v.tenantReady()
		return v.blocked(v1alpha1.ConditionReconciling, ready.Reason, ready.Message)
	}
	switch {
	case v.tenant.Spec.RunState == v1alpha1.RunStateSuspended:
		return v.blocked(v1alpha1.ConditionReconciling, v1alpha1.ReasonSuspended, "the tenant is suspended: the campaign goes on from where it was when the tenant runs again")
	case !v.report.heard:
		return v.blocked(v1alpha1.ConditionReconciling, v1alpha1.ReasonTenantNotReady, "no server of the tenant has said yet how the campaign stands")
	case !v.report.supported:
		return v.blocked(v1alpha1.ConditionStalled, v1alpha1.ReasonUnsupportedFeature, "this release keeps the campaign but does not run it: no call is made and no message is sent")
	}
	if missing := missingIntegrations(v.campaign, v.tenant); len(missing) > 0 {
		return v.blocked(v1alpha1.ConditionStalled, v1alpha1.ReasonIntegrationNotConnected, strings.Join(missing, "; "))
	}
	if v.report.progress == nil || v.report.progress.Run != v.campaign.Spec.Run {
		return v.blocked(v1alpha1.ConditionReconciling, v1alpha1.ReasonInProgress, fmt.Sprintf("the tenant's server has not taken up run %d yet", v.campaign.Spec.Run))
	}
	return append(progressConditions(v.report.progress), v.tenantReady(),
		conditions.True(v1alpha1.ConditionReady, v1alpha1.ReasonReady, "the tenant's server knows the campaign"))
}

// blocked is a campaign that does not run: stalled until somebody mends it, or on its way.
func (v view) blocked(kstatus v1alpha1.ConditionType, reason v1alpha1.ConditionReason, message string) []conditions.Condition {
	return []conditions.Condition{
		v.tenantReady(),
		conditions.False(v1alpha1.ConditionReady, reason, message),
		conditions.False(v1alpha1.ConditionRunning, reason, message),
		conditions.True(kstatus, reason, message),
	}
}

// progressConditions translates what the server says it does.
func progressConditions(p *tenantconfig.CampaignProgress) []conditions.Condition {
	reasons := map[tenantconfig.CampaignState]struct {
		reason  v1alpha1.ConditionReason
		message string
	}{
		tenantconfig.CampaignScheduled:       {v1alpha1.ReasonScheduled, "it begins at its startTime"},
		tenantconfig.CampaignRunning:         {v1alpha1.ReasonRunning, "attempts are made"},
		tenantconfig.CampaignOutsideWindow:   {v1alpha1.ReasonOutsideWindow, "it goes on in the next window"},
		tenantconfig.CampaignProviderPaused:  {v1alpha1.ReasonProviderPaused, "a provider takes no more for now; no lead is lost by it"},
		tenantconfig.CampaignSuspended:       {v1alpha1.ReasonSuspended, "spec.runState is Suspended"},
		tenantconfig.CampaignBudgetExhausted: {v1alpha1.ReasonBudgetExhausted, "the budget is used up: raise spec.budget to go on"},
		tenantconfig.CampaignEndTimeReached:  {v1alpha1.ReasonEndTimeReached, "its endTime has come"},
		tenantconfig.CampaignCompleted:       {v1alpha1.ReasonCompleted, "every lead is through"},
	}
	said, known := reasons[p.State]
	if !known {
		return []conditions.Condition{conditions.Unknown(v1alpha1.ConditionRunning, v1alpha1.ReasonUnknown, fmt.Sprintf("the server says %q, which this operator does not know", p.State))}
	}
	if p.Message != "" {
		said.message += ": " + p.Message
	}
	running := conditions.False(v1alpha1.ConditionRunning, said.reason, said.message)
	if p.State == tenantconfig.CampaignRunning {
		running = conditions.True(v1alpha1.ConditionRunning, said.reason, said.message)
	}
	completed := conditions.False(v1alpha1.ConditionCompleted, v1alpha1.ReasonInProgress, "leads are left")
	if p.State == tenantconfig.CampaignCompleted || p.State == tenantconfig.CampaignEndTimeReached {
		completed = conditions.True(v1alpha1.ConditionCompleted, said.reason, said.message)
	}
	budget := conditions.False(v1alpha1.ConditionBudgetExhausted, v1alpha1.ReasonBudgetLeft, "the budget does not stop it")
	if p.State == tenantconfig.CampaignBudgetExhausted {
		budget = conditions.True(v1alpha1.ConditionBudgetExhausted, said.reason, said.message)
	}
	return []conditions.Condition{running, completed, budget}
}

// tenantReady mirrors the tenant's Ready.
func (v view) tenantReady() conditions.Condition {
	const t = v1alpha1.ConditionTenantReady
	if v.tenant == nil {
		return conditions.False(t, v1alpha1.ReasonTenantNotFound,
			fmt.Sprintf("spec.tenantRef.name: there is no Tenant %q in namespace %s", v.campaign.Spec.TenantRef.Name, v.campaign.Namespace))
	}
	ready := meta.FindStatusCondition(v.tenant.Status.Conditions, string(v1alpha1.ConditionReady))
	switch {
	case ready == nil || ready.ObservedGeneration != v.tenant.Generation:
		return conditions.Unknown(t, v1alpha1.ReasonUnknown, "the tenant has not said yet whether it is ready")
	case ready.Status != metav1.ConditionTrue:
		return conditions.False(t, v1alpha1.ReasonTenantNotReady, ready.Reason+": "+ready.Message)
	default:
		return conditions.True(t, v1alpha1.ReasonTenantReady, "the tenant is ready")
	}
}
