package proposal

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/manifest"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// standInUID is the UID of Tenants that no API server has given one.
const standInUID = types.UID("00000000-0000-0000-0000-000000000000")

// standInValue takes the place of secret values that are not among the files.
const standInValue = "stand-in"

// Render renders every Tenant that is sound, and checks what the objects say of each other.
func (p *Proposal) Render(platform tenant.Platform) Rendered {
	out := Rendered{Problems: slices.Clone(p.problems), Notes: slices.Clone(p.notes)}
	for _, t := range p.tenants {
		p.tenant(&out, t, platform)
	}
	out.Problems = append(out.Problems, p.unusedPolicies()...)
	for _, campaign := range p.campaigns {
		name := types.NamespacedName{Namespace: campaign.object.Namespace, Name: string(campaign.object.Spec.TenantRef.Name)}
		if !p.named["Tenant/"+name.String()] {
			out.Notes = append(out.Notes, fmt.Sprintf("Campaign %s is for Tenant %s, which is not among the files", campaign.object.Name, name.Name))
		}
	}
	return out
}

func (p *Proposal) tenant(out *Rendered, t entry[v1alpha1.Tenant], platform tenant.Platform) {
	policies := map[string]*v1alpha1.BookingPolicy{}
	for _, name := range t.object.BookingPolicyNames() {
		key := types.NamespacedName{Namespace: t.object.Namespace, Name: name}
		switch policy, sound := p.policies[key]; {
		case sound:
			policies[name] = policy.object
		case p.named["BookingPolicy/"+key.String()]:
			out.Notes = append(out.Notes, fmt.Sprintf("Tenant %s is not rendered, because its BookingPolicy %s is faulty", t.object.Name, name))
			return
		}
	}
	if t.object.UID == "" {
		t.object.UID = standInUID
	}
	preview, err := tenant.NewPreview(tenant.PreviewInput{
		Platform: platform, Tenant: t.object, Policies: policies, Secrets: p.secretsOf(out, t.object),
	})
	if err != nil {
		out.Problems = append(out.Problems, t.At("", err.Error()))
		return
	}
	for _, fault := range preview.Faults {
		// Tenants that share a policy share its faults.
		if problem := p.place(t, fault); !slices.Contains(out.Problems, problem) {
			out.Problems = append(out.Problems, problem)
		}
	}
	out.Objects = append(out.Objects, preview.Objects...)
}

// place finds the file in which a fault is: a policy's is not in the Tenant that uses it.
func (p *Proposal) place(t entry[v1alpha1.Tenant], fault tenant.PreviewFault) manifest.Problem {
	if fault.Policy != "" {
		if policy, found := p.policies[types.NamespacedName{Namespace: t.object.Namespace, Name: fault.Policy}]; found {
			return policy.At(fault.Field, fault.Message)
		}
	}
	return t.At(fault.Field, fault.Message)
}

// secretsOf are the Secrets that a tenant names, with stand-ins for what the files do not hold.
func (p *Proposal) secretsOf(out *Rendered, t *v1alpha1.Tenant) map[string]*corev1.Secret {
	secrets := map[string]*corev1.Secret{}
	for _, ref := range tenant.SecretReferences(t) {
		if secrets[ref.Name] == nil {
			secrets[ref.Name] = &corev1.Secret{Data: map[string][]byte{}}
			if given := p.secrets[types.NamespacedName{Namespace: t.Namespace, Name: ref.Name}]; given != nil {
				secrets[ref.Name] = given.DeepCopy()
			}
		}
		if _, found := secrets[ref.Name].Data[ref.Key]; !found {
			secrets[ref.Name].Data[ref.Key] = []byte(standInValue)
			out.Notes = append(out.Notes, fmt.Sprintf("Tenant %s needs Secret %s with the key %s in namespace %s (%s): it is not among the files, a stand-in is used",
				t.Name, ref.Name, ref.Key, t.Namespace, ref.Field))
		}
	}
	return secrets
}

// unusedPolicies checks the policies that no Tenant of the files uses, which rendering does not reach.
func (p *Proposal) unusedPolicies() []manifest.Problem {
	used := map[types.NamespacedName]bool{}
	for _, t := range p.tenants {
		for _, name := range t.object.BookingPolicyNames() {
			used[types.NamespacedName{Namespace: t.object.Namespace, Name: name}] = true
		}
	}
	var problems []manifest.Problem
	for name, policy := range p.policies {
		if used[name] {
			continue
		}
		for _, fault := range tenant.CheckPolicy(policy.object) {
			problems = append(problems, policy.At(fault.Field, fault.Message))
		}
	}
	slices.SortFunc(problems, func(a, b manifest.Problem) int { return a.Line - b.Line })
	return problems
}
