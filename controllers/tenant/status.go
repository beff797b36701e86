package tenant

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

// status is the whole status after a pass. It is a pure function of the scope, and of the former
// status only for the times of conditions that have not changed.
func (s *scope) status() v1alpha1.TenantStatus {
	w := s.workload()
	before := s.tenant.Status
	after := *before.DeepCopy()
	after.ObservedGeneration = s.tenant.Generation
	after.Conditions = conditions.Set(before.Conditions, s.tenant.Generation, s.conditions(w)...)
	after.URL = s.url()
	after.Replicas, after.ReadyReplicas = nil, nil
	if w.exists {
		after.Replicas, after.ReadyReplicas = ptr.To(int32(w.wanted)), ptr.To(int32(len(w.ready)))
	}
	after.Revision = &v1alpha1.RevisionStatus{Desired: s.lastingRevision(), Served: s.served(w.ready), DocumentVersion: s.documentVersion}
	after.Version = oldestVersion(s, w.ready, before.Version)
	after.Database = s.databaseStatus(w.ready)
	after.Inventory = s.inventory()
	after.Template = s.templateStatus()
	return after
}

// lastingRevision is the desired revision, unless it is of an API key that could not be stored: the next
// pass makes another key, and with it another revision that nobody will ever serve.
func (s *scope) lastingRevision() string {
	stored := func(item apply.Item) bool {
		return item.GroupVersionKind == secretKind && item.Name == apiKeySecretName(s.tenant)
	}
	if s.apiKeyIsNew && !slices.ContainsFunc(s.items, stored) {
		return ""
	}
	return s.desired()
}

// conditions answers every question that a status of a Tenant answers.
func (s *scope) conditions(w workload) []conditions.Condition {
	v := s.verdict(w)
	all := []conditions.Condition{
		v.ready(),
		s.configurationValid(),
		s.secretsReady(),
		s.databaseReady(w),
		s.workloadAvailable(w),
		s.progressing(v),
		s.degraded(w),
		s.suspended(w),
		s.integrationsHealthy(),
		s.routeAccepted(),
		s.monitoringReady(),
	}
	switch v.state {
	case stalled:
		all = append(all, conditions.True(v1alpha1.ConditionStalled, v.reason, v.message))
	case inProgress:
		all = append(all, conditions.True(v1alpha1.ConditionReconciling, v.reason, v.message))
	}
	return all
}

func (s *scope) configurationValid() conditions.Condition {
	const t = v1alpha1.ConditionConfigurationValid
	if len(s.faults) > 0 {
		message := document.Summary(s.faults)
		if s.stored != "" {
			message += "; the last good configuration keeps serving"
		}
		return conditions.False(t, s.faults[0].Reason, message)
	}
	message := "spec and policies make a valid configuration"
	if fields := ignored(s.policies[string(s.tenant.Spec.BookingPolicyRef.Name)]); len(fields) > 0 {
		message += "; this release does not act on " + strings.Join(fields, ", ")
	}
	if len(s.untaken) > 0 {
		message += "; the running servers are too old for " + document.Shorten(s.untaken) + ", which waits for their update"
	}
	return conditions.True(t, v1alpha1.ReasonValid, message)
}

func (s *scope) secretsReady() conditions.Condition {
	const t = v1alpha1.ConditionSecretsReady
	if len(s.missing) == 0 {
		return conditions.True(t, v1alpha1.ReasonSecretsFound, "every Secret that is named and needed is there")
	}
	reason := v1alpha1.ReasonSecretKeyMissing
	lines := make([]string, len(s.missing))
	for i, missing := range s.missing {
		lines[i] = missing.advice(s.tenant.Namespace)
		if missing.noSecret {
			reason = v1alpha1.ReasonSecretNotFound
		}
	}
	message := strings.Join(lines, "; ") + ", and the tenant goes on by itself"
	if s.stored != "" {
		message += "; the last good configuration keeps serving"
	}
	return conditions.False(t, reason, message)
}

func (s *scope) workloadAvailable(w workload) conditions.Condition {
	const t = v1alpha1.ConditionWorkloadAvailable
	switch {
	case s.tenant.Spec.RunState == v1alpha1.RunStateSuspended:
		return conditions.False(t, v1alpha1.ReasonSuspended, "no pod is wanted while the tenant is suspended")
	case !w.exists:
		return conditions.False(t, v1alpha1.ReasonProvisioning, "there is no Deployment yet")
	case len(w.ready) > 0:
		return conditions.True(t, v1alpha1.ReasonAvailable, fmt.Sprintf("%d of %d pods are ready", len(w.ready), w.wanted))
	default:
		return conditions.False(t, v1alpha1.ReasonPodsUnavailable, podsMissing(w))
	}
}

// podsMissing says how many pods are not ready, and what keeps them, as far as that is known.
func podsMissing(w workload) string {
	message := fmt.Sprintf("%d of %d pods are ready", len(w.ready), w.wanted)
	if w.trouble != "" {
		message += ": " + w.trouble
	}
	return message
}

func (s *scope) progressing(v verdict) conditions.Condition {
	const t = v1alpha1.ConditionProgressing
	if waiting := s.awaitsUpdate(); waiting != nil && v.state == current {
		return *waiting
	}
	if s.turn.Failed && v.state == inProgress {
		return s.updateFailed(v)
	}
	switch v.state {
	case inProgress:
		return conditions.True(t, v.reason, v.message)
	case stalled:
		return conditions.False(t, v.reason, "nothing moves until this is mended: "+v.message)
	default:
		return conditions.False(t, v1alpha1.ReasonAsExpected, "nothing is under way")
	}
}

// degraded is about what serves now, and about objects that are not as they should be.
func (s *scope) degraded(w workload) conditions.Condition {
	const t = v1alpha1.ConditionDegraded
	for _, o := range obstacles(s.applyErr) {
		if !o.waiting || o.reason == v1alpha1.ReasonFightingAnotherController {
			return conditions.True(t, o.reason, o.message)
		}
	}
	if s.tenant.Spec.RunState != v1alpha1.RunStateSuspended {
		if pod, message := s.refusal(w.ready, s.current()); pod != "" {
			return conditions.True(t, v1alpha1.ReasonRevisionRefused, fmt.Sprintf("pod %s refuses %s: %s", pod, shortRevision(s.current()), message))
		}
		if w.exists && w.settled && len(w.ready) < w.wanted {
			return conditions.True(t, v1alpha1.ReasonPodsUnavailable, podsMissing(w))
		}
	}
	return conditions.False(t, v1alpha1.ReasonAsExpected, "what serves is as it should be")
}

func (s *scope) suspended(w workload) conditions.Condition {
	const t = v1alpha1.ConditionSuspended
	switch {
	case s.tenant.Spec.RunState != v1alpha1.RunStateSuspended:
		return conditions.False(t, v1alpha1.ReasonAsExpected, "runState is Running")
	case w.running > 0:
		return conditions.False(t, v1alpha1.ReasonRollingOut, fmt.Sprintf("%d pods are still ending", w.running))
	default:
		return conditions.True(t, v1alpha1.ReasonSuspended, "no pod runs; set runState to Running to go on")
	}
}

func (s *scope) integrationsHealthy() conditions.Condition {
	const t = v1alpha1.ConditionIntegrationsHealthy
	if s.tenant.Spec.Integrations == nil {
		return conditions.True(t, v1alpha1.ReasonNotConfigured, "no integration is asked for")
	}
	return conditions.Unknown(t, v1alpha1.ReasonUnsupportedFeature, "this release does not act on spec.integrations: bookings work, nothing is sent or called")
}

// oldestVersion is the release that every ready pod runs, the oldest while they differ. What was known
// is kept while nobody answers.
func oldestVersion(s *scope, ready []corev1.Pod, before string) string {
	oldest := ""
	for _, answer := range s.answersOf(ready) {
		if oldest == "" || older(answer.Version, oldest) {
			oldest = answer.Version
		}
	}
	if oldest == "" {
		return before
	}
	return oldest
}

// inventory is the applied objects, and those of before that were kept.
func (s *scope) inventory() []v1alpha1.InventoryItem {
	var items []v1alpha1.InventoryItem
	for _, item := range s.items {
		items = append(items, v1alpha1.InventoryItem{
			Group: item.Group, Version: item.Version, Kind: item.Kind, Name: item.Name, UID: item.UID, Digest: item.Digest,
		})
	}
	return items
}
