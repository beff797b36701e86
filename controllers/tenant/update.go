package tenant

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// podUpdate is what becomes of the pod template in this pass.
type podUpdate struct {
	// record is what the pods are rendered from, and template what comes of it.
	record   *v1alpha1.TemplateStatus
	template *corev1ac.PodTemplateSpecApplyConfiguration
	// waits: the platform has another template, and it is not this tenant's turn.
	waits bool
	// takes: it is, and the template differs from the one of before.
	takes bool
	// opens and closes are the tenant's opening, while it waits or takes; zero without windows.
	opens, closes time.Time
}

// planUpdate decides from what the pods are rendered. Nothing is when the database is blocked, or when
// there is nothing yet and the version that is asked for is unknown.
func (s *scope) planUpdate() error {
	if podSettingsSize(s.tenant) > maxPodSettings {
		return s.keepTemplate()
	}
	image, supported := s.platform.Image(s.pin())
	if !supported {
		image = s.platform.ServerImage // only to find out what the tenant's own part is
	}
	fresh, err := s.freshTemplate(image)
	if err != nil {
		return err
	}
	before, err := s.templateBefore(fresh)
	if err != nil {
		return err
	}
	u := &podUpdate{record: fresh}
	switch {
	case before == nil && !supported:
		return nil
	case before == nil:
	case !supported:
		u.record = held(before, fresh)
	case !sameJSON(before.Platform, fresh.Platform) || (before.Settings == fresh.Settings && before.Own != fresh.Own):
		u.opens, u.closes = s.opening()
		u.takes = s.mayTake(before, u)
		u.waits = !u.takes
		if u.waits {
			u.record = held(before, fresh)
		}
	}
	if u.template, err = renderTemplate(u.record); err != nil {
		return err
	}
	s.update = u
	return nil
}

// keepTemplate has the pods stay as the last template says that the status had room for.
func (s *scope) keepTemplate() error {
	before := s.tenant.Status.Template
	if before == nil {
		return nil
	}
	template, err := renderTemplate(before)
	if err != nil {
		return err
	}
	s.update = &podUpdate{record: before, template: template}
	return nil
}

// sameJSON says that two texts say the same. The order of fields in what a former operator wrote is that of its client-go's types, and
// must not make an update of what is none.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var one, other any
	return json.Unmarshal([]byte(a), &one) == nil && json.Unmarshal([]byte(b), &other) == nil && reflect.DeepEqual(one, other)
}

// held keeps the platform's part as it was, under the tenant's newest settings. While those are the same,
// their part stays as it was too, whatever this operator would make of them.
func held(before, fresh *v1alpha1.TemplateStatus) *v1alpha1.TemplateStatus {
	record := *before
	if before.Settings != fresh.Settings {
		record.Own, record.Settings = fresh.Own, fresh.Settings
	}
	return &record
}

// templateBefore is what the pods are made from; nil when there are none yet.
func (s *scope) templateBefore(fresh *v1alpha1.TemplateStatus) (*v1alpha1.TemplateStatus, error) {
	controlled := s.deployment != nil && metav1.IsControlledBy(s.deployment, s.tenant)
	switch {
	case controlled && s.deployment.Annotations[templateAnnotation] == templateDigest(fresh):
		// Taken already, though an operator that was killed may not have come to record it.
		return fresh, nil
	case s.tenant.Status.Template != nil:
		return s.tenant.Status.Template, nil
	case !controlled:
		return nil, nil
	}
	live, err := s.liveTemplate()
	if err != nil {
		return nil, err
	}
	runs, err := decodedTemplate(live)
	if err != nil {
		return nil, err
	}
	wanted, err := decodedTemplate(fresh)
	if err != nil {
		return nil, err
	}
	if covers(runs, wanted) {
		return fresh, nil
	}
	return live, nil
}

// mayTake says whether the pods may be made from the new template now.
func (s *scope) mayTake(before *v1alpha1.TemplateStatus, u *podUpdate) bool {
	request, pin := s.updateRequest(), s.pin()
	open := !u.opens.After(s.now)
	switch {
	case request != "" && request != before.Request:
		return true // somebody asks for it, now
	case s.turn.Admitted && (s.turn.AnyTime || s.idle()):
		return true
	case !open:
		return false
	default:
		return s.turn.Admitted || (pin != "" && pin != before.Pin)
	}
}

// idle: no pod runs, and none is wanted.
func (s *scope) idle() bool {
	return s.tenant.Spec.RunState == v1alpha1.RunStateSuspended && s.workload().running == 0
}

func (s *scope) pin() string {
	if s.tenant.Spec.Updates == nil {
		return ""
	}
	return s.tenant.Spec.Updates.Version
}

// opening is when the tenant may be rolled. A zone that nobody knows is reported as a fault of the
// configuration; until it is mended there is no opening that could be computed, and none is waited for.
func (s *scope) opening() (opens, closes time.Time) {
	if s.tenant.Spec.Updates == nil {
		return time.Time{}, time.Time{}
	}
	zone, err := time.LoadLocation(string(s.tenant.Spec.TimeZone))
	if err != nil {
		return time.Time{}, time.Time{}
	}
	return rollout.Opening(s.now, windows(s.tenant.Spec.Updates.Windows), zone)
}

func windows(week v1alpha1.WeekSchedule) []rollout.Window {
	var all []rollout.Window
	for _, hours := range week {
		for _, day := range hours.Days {
			for _, span := range hours.Spans {
				from, errFrom := tenantconfig.ParseClockTime(string(span.From))
				to, errTo := tenantconfig.ParseClockTime(string(span.To))
				if errFrom == nil && errTo == nil { // the schema lets nothing else through
					all = append(all, rollout.Window{Day: tenantconfig.Weekday(day).Std(), From: int(from), To: int(to)})
				}
			}
		}
	}
	return all
}

// windowTurns is when the window next opens or closes on a template that waits for it; 0 when it need
// not be looked at.
func (s *scope) windowTurns() time.Duration {
	u := s.update
	if u == nil || !u.waits || u.closes.IsZero() {
		return 0
	}
	next := u.closes
	if u.opens.After(s.now) {
		next = u.opens
	}
	return max(next.Sub(s.now), time.Millisecond)
}

// template is the record for the status: what is in force, or was before.
func (s *scope) templateStatus() *v1alpha1.TemplateStatus {
	if s.update == nil || !s.deployed {
		return s.tenant.Status.Template
	}
	return s.update.record
}

// awaitsUpdate is what Progressing says of a tenant that serves, and whose template is not the
// platform's newest; nil for all others.
func (s *scope) awaitsUpdate() *conditions.Condition {
	u := s.update
	if u == nil || !u.waits {
		return nil
	}
	if before := s.progressingBefore(); !s.turn.Known && before != nil {
		return before
	}
	release := s.pin()
	if release == "" {
		release = s.platform.ServerVersion
	}
	var c conditions.Condition
	say := func(reason v1alpha1.ConditionReason, format string, args ...any) {
		c = conditions.False(v1alpha1.ConditionProgressing, reason, fmt.Sprintf("the update to release %s ", release)+fmt.Sprintf(format, args...))
	}
	const askNow = "; to roll this tenant now, annotate it with " + updateAnnotation + " and any new value"
	switch {
	case s.turn.Halted != "":
		say(v1alpha1.ReasonRolloutHalted, "is halted for all tenants: %s; what runs keeps running", s.turn.Halted)
	case s.turn.Paused:
		say(v1alpha1.ReasonRolloutPaused, "is paused by the platform; what runs keeps running")
	case u.opens.After(s.now):
		say(v1alpha1.ReasonUpdateWindowClosed, "waits for the next update window, which opens at %s%s", u.opens.Format("Mon 2006-01-02 15:04 MST"), askNow)
	default:
		say(v1alpha1.ReasonUpdatePending, "is rolled out in waves and waits for this tenant's turn; what runs keeps running%s", askNow)
	}
	return &c
}

// progressingBefore keeps what was said about a waiting update while the state of the rollout is not
// known yet, so that a restart of the operator rewrites no status.
func (s *scope) progressingBefore() *conditions.Condition {
	for _, c := range s.tenant.Status.Conditions {
		switch reason := v1alpha1.ConditionReason(c.Reason); reason {
		case v1alpha1.ReasonRolloutHalted, v1alpha1.ReasonRolloutPaused, v1alpha1.ReasonUpdateWindowClosed, v1alpha1.ReasonUpdatePending:
			return &conditions.Condition{Type: v1alpha1.ConditionProgressing, Status: c.Status, Reason: reason, Message: c.Message}
		}
	}
	return nil
}

// updateFailed is what Progressing says of a tenant that took the template and did not become healthy.
func (s *scope) updateFailed(v verdict) conditions.Condition {
	message := fmt.Sprintf("the update to release %s failed here: %s", s.platform.ServerVersion, v.message)
	if n := len(s.workload().ready); n > 0 {
		message += fmt.Sprintf("; ready pods that serve meanwhile: %d", n)
	}
	if s.turn.Halted != "" {
		message += "; the rollout is halted: give the platform another server image, or resume it, and this tenant comes first"
		return conditions.True(v1alpha1.ConditionProgressing, v1alpha1.ReasonRolloutHalted, message)
	}
	return conditions.True(v1alpha1.ConditionProgressing, v.reason, message)
}

// report is what the rollout has to know about the tenant after the pass.
func (s *scope) report() rollout.Tenant {
	r := rollout.Tenant{
		Volunteer:    s.tenant.Labels[canaryLabel] == "true",
		KeepsServing: !s.tenant.Spec.Database.Engine.IsSingleWriter(),
		Asked:        s.asked(),
	}
	if u := s.update; u != nil && (u.waits || (u.takes && !s.deployed)) {
		r.Pending, r.Opens, r.Closes = true, u.opens, u.closes
	}
	w := s.workload()
	outcome := s.operation(w)
	ready := conditionTime(s.tenant.Status.Conditions, v1alpha1.ConditionReady)
	if s.verdict(w) != outcome {
		ready = time.Time{} // Ready is about something else, and does not tell since when the pods have been as they are
	}
	degraded := conditionTime(s.tenant.Status.Conditions, v1alpha1.ConditionDegraded)
	switch isDegraded := meta.IsStatusConditionTrue(s.tenant.Status.Conditions, string(v1alpha1.ConditionDegraded)); {
	case s.unheard(), s.takesUp(outcome) && s.silent():
		r.Health = rollout.Unknown
	case s.tenant.Spec.RunState == v1alpha1.RunStateSuspended:
		r.Health = rollout.Suspended
	case outcome.state != current && !s.takesUp(outcome):
		r.Health, r.Since, r.Message = rollout.Unhealthy, ready, outcome.message
		r.Progressing = outcome.state == inProgress && slices.Contains(expected, outcome.reason)
	case isDegraded:
		r.Health, r.Since, r.Message = rollout.Unhealthy, degraded, meta.FindStatusCondition(s.tenant.Status.Conditions, string(v1alpha1.ConditionDegraded)).Message
	case ready.IsZero():
		r.Health = rollout.Healthy
	default:
		r.Health, r.Since = rollout.Healthy, later(ready, degraded)
	}
	return r
}

// asked identifies what the tenant's owner asks for: the spec, and the policies and Secrets that it names.
func (s *scope) asked() string {
	type version struct{ Name, UID, Version string }
	var named []version
	for _, name := range slices.Sorted(maps.Keys(s.policies)) {
		policy := s.policies[name]
		named = append(named, version{name, string(policy.UID), strconv.FormatInt(policy.Generation, 10)})
	}
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		secret := s.secrets[name]
		named = append(named, version{name, string(secret.UID), secret.ResourceVersion})
	}
	return digest(s.tenant.UID, s.tenant.Generation, named)
}

// takesUp says that the servers are taking up an edit, for less time than would be worth a word in the status: see
// uptake in pace.go. Else a fleet that is edited all the time would never be healthy enough to be rolled.
func (s *scope) takesUp(v verdict) bool {
	return v.reason == v1alpha1.ReasonRevisionPending && meta.IsStatusConditionTrue(s.tenant.Status.Conditions, string(v1alpha1.ConditionReady))
}

func conditionTime(all []metav1.Condition, kind v1alpha1.ConditionType) time.Time {
	if c := meta.FindStatusCondition(all, string(kind)); c != nil {
		return c.LastTransitionTime.Time
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
