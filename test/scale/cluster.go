package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/controllers"
)

// nodeCount is enough for the scheduler to have a choice; a simulated node takes any number of pods.
const nodeCount = 10

// operatorUser is who the operator is to the API server.
const operatorUser = "system:serviceaccount:" + operatorNamespace + ":" + operatorName

// cluster is a control plane with simulated nodes.
type cluster struct {
	config *rest.Config
	// client asks the API server each time.
	client client.WithWatch
	// operatorKubeconfig is for the operator, with no more rights than it has.
	operatorKubeconfig string

	command *exec.Cmd
	leash   io.Closer
	ended   chan struct{}
}

func startCluster(ctx context.Context, program, folder string) (_ *cluster, err error) {
	c := &cluster{ended: make(chan struct{})}
	c.command = exec.CommandContext(ctx, program, "run", "--nodes=simulated", "--count", fmt.Sprint(nodeCount), "--state", filepath.Join(folder, "cluster"))
	c.command.Stderr = os.Stderr
	c.command.Cancel = func() error { return c.command.Process.Signal(syscall.SIGTERM) }
	if c.leash, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("start a cluster: %w", err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	go func() {
		_ = c.command.Wait() // it says on standard error why it ended
		close(c.ended)
	}()
	if err != nil {
		return nil, errors.Join(errors.New("the cluster did not start; see above"), c.stop())
	}
	var running struct {
		Kubeconfig string `json:"kubeconfig"`
	}
	if err := json.Unmarshal(line, &running); err != nil {
		return nil, errors.Join(fmt.Errorf("read what the cluster says: %w", err), c.stop())
	}
	if err := c.connect(running.Kubeconfig, folder); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *cluster) connect(kubeconfig, folder string) (err error) {
	if c.config, err = clientcmd.BuildConfigFromFlags("", kubeconfig); err != nil {
		return fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	// The API server decides how much it can take; a limit in the client would only measure itself.
	c.config.QPS = -1
	if c.client, err = client.NewWithWatch(c.config, client.Options{Scheme: controllers.Scheme()}); err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	c.operatorKubeconfig = filepath.Join(folder, "operator.kubeconfig")
	return writeImpersonating(kubeconfig, c.operatorKubeconfig)
}

// writeImpersonating copies a kubeconfig so that whoever uses it acts as the operator and as nobody more.
func writeImpersonating(from, to string) error {
	config, err := clientcmd.LoadFromFile(from)
	if err != nil {
		return fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	for _, user := range config.AuthInfos {
		user.Impersonate = operatorUser
		user.ImpersonateGroups = []string{"system:serviceaccounts", "system:serviceaccounts:" + operatorNamespace, "system:authenticated"}
	}
	return clientcmd.WriteToFile(*config, to)
}

func (c *cluster) stop() error {
	const patience = time.Minute
	_ = c.leash.Close() // the cluster goes when the other end of the pipe does
	select {
	case <-c.ended:
		return nil
	case <-time.After(patience):
		return errors.Join(errors.New("the cluster did not end in time"), c.command.Process.Kill())
	}
}

// cpu is the processor time that the API server has used, in seconds.
func (c *cluster) cpu(ctx context.Context) (float64, error) {
	text, err := c.metrics(ctx)
	if err != nil {
		return 0, err
	}
	return sum(text, `(?m)^process_cpu_seconds_total (\S+)$`)
}

// metrics reads the API server's own.
func (c *cluster) metrics(ctx context.Context) (string, error) {
	transport, err := rest.HTTPClientFor(c.config)
	if err != nil {
		return "", err
	}
	return get(ctx, transport, strings.TrimSuffix(c.config.Host, "/")+"/metrics")
}
