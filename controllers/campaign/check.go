package campaign

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

// messageFields are what a message may say of lead, tenant and booking page.
var messageFields = []string{".Lead.FirstName", ".Lead.Name", ".Tenant.DisplayName", ".BookingURL"}

// check finds what is wrong with a campaign by itself, beyond what the schema can say.
func check(campaign *v1alpha1.Campaign) []document.Fault {
	var faults []document.Fault
	for i, step := range campaign.Spec.Steps {
		if step.Message == "" {
			continue
		}
		if err := checkMessage(step.Message, variablesOf(campaign, step)); err != nil {
			faults = append(faults, document.Fault{
				Reason: v1alpha1.ReasonInvalid, Field: fmt.Sprintf("spec.steps[%d].message", i), Message: err.Error(),
			})
		}
	}
	return faults
}

// variablesOf lists the variables that every lead has in a step: its own, and those that all variants give.
func variablesOf(campaign *v1alpha1.Campaign, step v1alpha1.CampaignStep) []string {
	var names []string
	for name := range step.Variables {
		names = append(names, name)
	}
	for i, variant := range campaign.Spec.Variants {
		for name := range variant.Variables {
			others := campaign.Spec.Variants
			missing := slices.ContainsFunc(others, func(v v1alpha1.Variant) bool { _, has := v.Variables[name]; return !has })
			if i == 0 && !missing {
				names = append(names, name)
			}
		}
	}
	return names
}

// checkMessage parses a message and looks at the fields it names. It never executes it: a template can be
// written that prints without end.
func checkMessage(text string, variables []string) error {
	parsed, err := template.New("message").Parse(text)
	if err != nil {
		return fmt.Errorf("is no template: %s", strings.TrimPrefix(err.Error(), "template: "))
	}
	for _, node := range parsed.Root.Nodes {
		action, ok := node.(*parse.ActionNode)
		if !ok {
			continue // text; and what is inside of conditions has a dot of its own
		}
		for _, command := range action.Pipe.Cmds {
			for _, arg := range command.Args {
				if field, ok := arg.(*parse.FieldNode); ok {
					if err := checkField(field, variables); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func checkField(field *parse.FieldNode, variables []string) error {
	name := field.String()
	if len(field.Ident) == 2 && field.Ident[0] == "Variables" {
		if !slices.Contains(variables, field.Ident[1]) {
			return fmt.Errorf("names %s, which not every lead has: give it in the step's variables, or in those of every variant", name)
		}
		return nil
	}
	if !slices.Contains(messageFields, name) {
		return fmt.Errorf("names %s, which there is not: use %s or .Variables.NAME", name, strings.Join(messageFields, ", "))
	}
	return nil
}

// missingIntegrations lists what the steps need and the tenant has not connected.
func missingIntegrations(campaign *v1alpha1.Campaign, tenant *v1alpha1.Tenant) []string {
	connected := tenant.Spec.Integrations
	needs := map[v1alpha1.StepChannel]struct {
		field string
		there bool
	}{
		v1alpha1.StepChannelCall: {"integrations.vapi", connected != nil && connected.Vapi != nil},
		v1alpha1.StepChannelSMS:  {"integrations.twilio", connected != nil && connected.Twilio != nil},
	}
	var missing []string
	for i, step := range campaign.Spec.Steps {
		if need := needs[step.Channel]; !need.there {
			missing = append(missing, fmt.Sprintf("spec.steps[%d].channel: %s needs spec.%s of Tenant %q", i, step.Channel, need.field, tenant.Name))
		}
	}
	return missing
}
