package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/outline"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/situation"
)

type status struct {
	settings
	everywhere bool
	output     format
}

func newStatus(shared settings) *cobra.Command {
	o := &status{settings: shared}
	cmd := &cobra.Command{
		Use:   "status [TENANT]",
		Short: "Say how tenants are, why, and what to do next",
		Long: `Say how tenants are.

With a name: everything about that tenant as a tree, what is wrong in full, and the next steps with the commands
for them. Without: one line for each tenant. Values of Secrets are never shown.

The exit code is 1 when a tenant that was asked for is not ready.`,
		Example: `  kubectl frontdesk status bright-smile -n dental
  kubectl frontdesk status -A
  kubectl frontdesk status bright-smile -n dental -o json | jq .nextSteps`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || (len(args) == 1 && o.everywhere) {
				return usage("name one tenant, or none: a name and --all-namespaces do not go together")
			}
			return nil
		},
		ValidArgsFunction: shared.completeTenants,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return o.one(cmd.Context(), args[0])
			}
			return o.list(cmd.Context())
		},
	}
	cmd.Flags().BoolVarP(&o.everywhere, "all-namespaces", "A", false, "tenants of all namespaces")
	cmd.Flags().VarP(&o.output, "output", "o", "json or yaml, for programs")
	return cmd
}

func (o *status) one(ctx context.Context, name string) error {
	connected, err := o.connect()
	if err != nil {
		return err
	}
	found, err := connected.tenant(ctx, name)
	if err != nil {
		return err
	}
	now, err := situation.Read(ctx, connected.client, found, connected.asker(ctx, found))
	if err != nil {
		return err
	}
	printed, err := o.output.print(o.settings, now)
	if err == nil && !printed {
		err = o.explain(now)
	}
	if err == nil && !now.Ready {
		err = errNo
	}
	return err
}

func (o *status) explain(now *situation.Situation) error {
	if err := outline.NewPrinter(o.Out).Print(now.Tree()); err != nil {
		return err
	}
	if len(now.Steps) == 0 {
		return nil
	}
	o.say("\nNext steps")
	for i, step := range now.Steps {
		o.say("%d. %s", i+1, step.Do)
		for _, command := range step.Commands {
			o.say("     %s", command)
		}
	}
	return nil
}

// summary is a tenant in one line.
type summary struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Ready     bool   `json:"ready"`
	Reason    string `json:"reason"`
	Pods      string `json:"pods"`
	Version   string `json:"version,omitempty"`
	URL       string `json:"url,omitempty"`
	Message   string `json:"message"`
}

func (o *status) list(ctx context.Context) error {
	connected, err := o.connect()
	if err != nil {
		return err
	}
	var scope []client.ListOption
	if !o.everywhere {
		scope = append(scope, client.InNamespace(connected.namespace))
	}
	var tenants v1alpha1.TenantList
	if err := connected.client.List(ctx, &tenants, scope...); err != nil {
		return err
	}
	summaries := []summary{}
	for _, t := range tenants.Items {
		summaries = append(summaries, summarise(&t))
	}
	slices.SortFunc(summaries, func(a, b summary) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	printed, err := o.output.print(o.settings, summaries)
	if err == nil && !printed {
		err = o.table(connected.namespace, summaries)
	}
	if err == nil && slices.ContainsFunc(summaries, func(s summary) bool { return !s.Ready }) {
		err = errNo
	}
	return err
}

func summarise(t *v1alpha1.Tenant) summary {
	found := summary{
		Namespace: t.Namespace, Name: t.Name, Reason: "Unknown", Pods: "-", Version: t.Status.Version, URL: t.Status.URL,
		Message: "the operator has not looked at it yet",
	}
	if ready := meta.FindStatusCondition(t.Status.Conditions, string(v1alpha1.ConditionReady)); ready != nil {
		found.Ready = ready.Status == "True" && ready.ObservedGeneration == t.Generation
		found.Reason, found.Message = ready.Reason, ready.Message
	}
	if t.Status.Replicas != nil && t.Status.ReadyReplicas != nil {
		found.Pods = fmt.Sprintf("%d/%d", *t.Status.ReadyReplicas, *t.Status.Replicas)
	}
	return found
}

// table has no colours: their codes would count as width.
func (o *status) table(namespace string, summaries []summary) error {
	if len(summaries) == 0 {
		if o.everywhere {
			o.note("There is no tenant in this cluster. Make one: `kubectl apply -f config/samples/dentist.yaml`")
		} else {
			o.note("There is no tenant in namespace %s. -n chooses another one, -A shows all.", namespace)
		}
		return nil
	}
	table := tabwriter.NewWriter(o.Out, 0, 0, 3, ' ', 0)
	header := "READY\tNAME\tREASON\tPODS\tVERSION\tURL"
	if o.everywhere {
		header = "READY\tNAMESPACE\tNAME\tREASON\tPODS\tVERSION\tURL"
	}
	_, _ = fmt.Fprintln(table, header)
	for _, s := range summaries {
		ready := "yes"
		if !s.Ready {
			ready = "no"
		}
		name := s.Name
		if o.everywhere {
			name = s.Namespace + "\t" + s.Name
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", ready, name, s.Reason, s.Pods, cmp.Or(s.Version, "-"), cmp.Or(s.URL, "-"))
	}
	return table.Flush()
}
