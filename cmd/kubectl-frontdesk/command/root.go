package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// Run runs the program with arguments and returns its exit code.
func Run(ctx context.Context, args []string, streams genericclioptions.IOStreams) int {
	shared := settings{IOStreams: streams, flags: genericclioptions.NewConfigFlags(true)}
	root := newRoot(shared) //nolint:contextcheck // cobra hands the context to the command that runs
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil, errors.Is(err, errNo):
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		shared.note("interrupted")
	default:
		shared.note("error: %v", err)
		if hint := advice(err); hint != "" {
			shared.note("%s", hint)
		}
	}
	return exitCode(err)
}

func newRoot(shared settings) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-frontdesk",
		Short: "See, check and run the tenants of Frontdesk",
		Long: `See, check and run the tenants of Frontdesk.

Exit codes: 0 yes or done; 1 the answer is no (not ready, there is a difference, faulty, refused);
2 the question could not be answered; 3 waiting took too long.`,
		Version:       version.String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl frontdesk"},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v; see `%s --help`", err, cmd.CommandPath())
	})
	shared.flags.AddFlags(root.PersistentFlags())
	root.AddCommand(
		newStatus(shared), newDiff(shared), newRender(shared), newKeys(shared), newOpen(shared), newBook(shared),
		newLogs(shared), newSuspend(shared), newResume(shared), newReport(shared), newVersion(shared),
	)
	shared.completeFlags(root)
	return root
}

// oneTenant checks that the one argument is there.
func oneTenant(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("name one tenant: %s TENANT; `kubectl frontdesk status` lists them", cmd.CommandPath())
	}
	return nil
}

// completeTenants offers the names of tenants for the first argument.
func (s settings) completeTenants(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	connected, err := s.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := connected.tenantNames(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeFlags offers contexts and namespaces.
func (s settings) completeFlags(root *cobra.Command) {
	complete := func(flag string, candidates func(context.Context) []string) {
		// It fails only for a flag that does not exist, which every run of any test would show.
		if err := root.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return candidates(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		}); err != nil {
			panic(fmt.Sprintf("complete --%s: %v", flag, err))
		}
	}
	complete("context", func(context.Context) []string {
		config, err := s.flags.ToRawKubeConfigLoader().RawConfig()
		if err != nil {
			return nil
		}
		var names []string
		for name := range config.Contexts {
			names = append(names, name)
		}
		return names
	})
	complete("namespace", s.namespaces)
}

// namespaces lists the names of namespaces, for completion.
func (s settings) namespaces(ctx context.Context) []string {
	connected, err := s.connect()
	if err != nil {
		return nil
	}
	var list corev1.NamespaceList
	if err := connected.client.List(ctx, &list); err != nil {
		return nil
	}
	var names []string
	for _, namespace := range list.Items {
		names = append(names, namespace.Name)
	}
	return names
}
