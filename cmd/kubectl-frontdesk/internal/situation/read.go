package situation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// Ask asks a pod of a tenant what it serves. It returns false when that cannot be found out.
type Ask func(ctx context.Context, pod corev1.Pod) (serves, refuses string, answered bool)

// Read collects the situation of a Tenant. ask is called only when the status does not already tell what
// each pod serves; it may be nil.
func Read(ctx context.Context, reader client.Reader, t *v1alpha1.Tenant, ask Ask) (*Situation, error) {
	s := &Situation{
		Namespace: t.Namespace, Name: t.Name, DisplayName: string(t.Spec.DisplayName),
		Current: t.Status.ObservedGeneration == t.Generation, Deleting: t.DeletionTimestamp != nil,
		Suspended: t.Spec.RunState == v1alpha1.RunStateSuspended,
		URL:       t.Status.URL, Version: t.Status.Version,
		Database:   Database{Engine: string(t.Spec.Database.Engine), MigrateFrom: string(t.Spec.Database.MigrateFrom)},
		Conditions: conditionsOf(t.Status.Conditions),
	}
	if t.Spec.Exposure != nil {
		s.Host = string(t.Spec.Exposure.Host)
	}
	if revision := t.Status.Revision; revision != nil {
		s.Revision = Revision{revision.Desired, revision.Served, revision.DocumentVersion}
	}
	if t.Status.Database != nil {
		s.Database.Engine, s.Database.Schema = string(t.Status.Database.Engine), t.Status.Database.SchemaVersion
	}
	s.Reason, s.Message = "Unknown", "the operator has not looked at this tenant yet"
	if ready := meta.FindStatusCondition(t.Status.Conditions, string(v1alpha1.ConditionReady)); ready != nil {
		s.Ready = ready.Status == "True" && s.Current
		s.Reason, s.Message = ready.Reason, ready.Message
	}
	for _, read := range []func(context.Context, client.Reader, *v1alpha1.Tenant) error{
		s.readPolicies, s.readSecrets, s.readObjects,
		func(ctx context.Context, reader client.Reader, t *v1alpha1.Tenant) error {
			return s.readPods(ctx, reader, t, ask)
		},
		s.readCampaigns, s.readOperator,
	} {
		if err := read(ctx, reader, t); err != nil {
			return nil, err
		}
	}
	s.Steps = s.steps()
	return s, nil
}

func (s *Situation) readPolicies(ctx context.Context, reader client.Reader, t *v1alpha1.Tenant) error {
	for _, name := range t.BookingPolicyNames() {
		var policy v1alpha1.BookingPolicy
		found := Policy{Name: name, Verdict: Fine}
		switch err := reader.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: name}, &policy); {
		case apierrors.IsNotFound(err):
			found.Verdict, found.State = Wrong, "there is no such BookingPolicy"
		case apierrors.IsForbidden(err):
			found.Verdict, found.State = Unknown, "you may not read it"
		case err != nil:
			return fmt.Errorf("read BookingPolicy %s: %w", name, err)
		default:
			found.Verdict, found.State = policyState(&policy)
		}
		s.Policies = append(s.Policies, found)
	}
	return nil
}

func policyState(policy *v1alpha1.BookingPolicy) (Verdict, string) {
	accepted := meta.FindStatusCondition(policy.Status.Conditions, string(v1alpha1.ConditionAccepted))
	switch {
	case accepted == nil || accepted.ObservedGeneration != policy.Generation:
		return Pending, "the operator has not looked at it yet"
	case accepted.Status != "True":
		return Wrong, accepted.Reason + ": " + accepted.Message
	case policy.Status.Tenants != nil && *policy.Status.Tenants > 1:
		return Fine, fmt.Sprintf("accepted, used by %d tenants", *policy.Status.Tenants)
	default:
		return Fine, "accepted"
	}
}

func (s *Situation) readSecrets(ctx context.Context, reader client.Reader, t *v1alpha1.Tenant) error {
	for _, ref := range tenant.SecretReferences(t) {
		var secret corev1.Secret
		found := Secret{Field: ref.Field, Name: ref.Name, Key: ref.Key, Verdict: Fine, State: "there", Exists: true}
		err := reader.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: ref.Name}, &secret)
		value, present := secret.Data[ref.Key]
		switch {
		case apierrors.IsNotFound(err):
			found.Verdict, found.State, found.Exists = Wrong, "there is no such Secret", false
		case apierrors.IsForbidden(err):
			found.Verdict, found.State = Unknown, "you may not read Secrets here"
		case err != nil:
			return fmt.Errorf("read Secret %s: %w", ref.Name, err)
		case !present:
			found.Verdict, found.State = Wrong, "the Secret has no such entry; it has "+keysOf(&secret)
		case strings.TrimSpace(string(value)) == "":
			found.Verdict, found.State = Wrong, "the entry is empty"
		}
		s.Secrets = append(s.Secrets, found)
	}
	return nil
}

func keysOf(secret *corev1.Secret) string {
	var keys []string
	for key := range secret.Data {
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return "none"
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}

func (s *Situation) readCampaigns(ctx context.Context, reader client.Reader, t *v1alpha1.Tenant) error {
	var campaigns v1alpha1.CampaignList
	switch err := reader.List(ctx, &campaigns, client.InNamespace(t.Namespace), client.MatchingFields{"spec.tenantRef.name": t.Name}); {
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return fmt.Errorf("list Campaigns: %w", err)
	}
	for _, campaign := range campaigns.Items {
		s.Campaigns = append(s.Campaigns, campaignState(&campaign))
	}
	return nil
}

func campaignState(c *v1alpha1.Campaign) Campaign {
	found := Campaign{Name: c.Name, Verdict: Pending, State: "the operator has not looked at it yet"}
	if ready := meta.FindStatusCondition(c.Status.Conditions, string(v1alpha1.ConditionReady)); ready != nil {
		found.Verdict, found.State = Fine, "ready"
		if ready.Status != "True" {
			found.Verdict, found.State = Wrong, ready.Reason+": "+ready.Message
		}
	}
	if c.Spec.RunState == v1alpha1.RunStateSuspended {
		found.Verdict, found.State = AtRest, "suspended"
	}
	if counts := c.Status.Counts; counts != nil {
		found.State += fmt.Sprintf("; %d of %d attempted, %d booked", counts.Attempted, counts.Targeted, counts.Booked)
	}
	return found
}
