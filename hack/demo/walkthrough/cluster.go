package walkthrough

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Cluster is where the walkthrough takes place.
type Cluster interface {
	// Up makes the cluster usable; when it already is, it does nothing. Progress goes to out.
	Up(ctx context.Context, out io.Writer) error
	// Env makes kubectl and helm use this cluster.
	Env() []string
	// Load makes an image usable by pods and returns the reference to run it by.
	Load(ctx context.Context, image Image) (string, error)
	// Forward leads a port on loopback to a Service's port and returns host:port. It is valid until
	// the context ends or, where the cluster can do it, as long as the cluster is there.
	Forward(ctx context.Context, namespace, service, port string) (address string, lasting bool, err error)
	// Down removes the cluster if it is ours. Someone else's is left as it was.
	Down(ctx context.Context, out io.Writer) error
	// Ours says whether Down removes the cluster itself.
	Ours() bool
	// Choice is what has make use this cluster, such as " CLUSTER=kind"; empty for the one that it uses anyway.
	Choice() string
}

// Image is a built image.
type Image struct {
	// Archive is a docker-archive tarball.
	Archive string
	// Reference is the name it carries, with a tag made from its content.
	Reference string
}

// ClusterNames are what NewCluster understands.
var ClusterNames = []string{"local", "current", "kind"}

// NewCluster returns the cluster of a name: local (made by hack/cluster under stateDir), current (what
// kubectl points at; image names the image there) or kind.
func NewCluster(name, repository, stateDir, image string) (Cluster, error) {
	commands := Commands{Dir: repository}
	switch name {
	case "local":
		absolute, err := filepath.Abs(stateDir)
		if err != nil {
			return nil, fmt.Errorf("state folder: %w", err)
		}
		return &localCluster{commands: commands, program: bin(repository, "cluster"), stateDir: absolute}, nil
	case "current":
		return &currentCluster{commands: commands, kubectl: bin(repository, "kubectl"), image: image}, nil
	case "kind":
		return &kindCluster{currentCluster{commands: commands, kubectl: bin(repository, "kubectl")}}, nil
	}
	return nil, fmt.Errorf("unknown cluster %q: use one of %s", name, strings.Join(ClusterNames, ", "))
}

// bin is where the repository keeps the programs that it builds.
func bin(repository, name string) string { return filepath.Join(repository, ".local", "bin", name) }

// localCluster is a node of its own on this machine, made by hack/cluster.
type localCluster struct {
	commands Commands
	program  string
	stateDir string
}

// Up says at once what is missing: without it, Kubernetes would be compiled first.
func (c *localCluster) Up(ctx context.Context, out io.Writer) error {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return errors.New("a node with real pods needs Linux and root; run it as root, or use a cluster of yours with CLUSTER=current or CLUSTER=kind, or one server without a cluster with `make run`")
	}
	if _, err := c.commands.Output(ctx, nil, filepath.Join("hack", "deps.sh"), "cluster"); err != nil {
		return err
	}
	return c.commands.Stream(ctx, out, c.program, "up", "--state", c.stateDir)
}

func (c *localCluster) Env() []string {
	return []string{"KUBECONFIG=" + filepath.Join(c.stateDir, "kubeconfig")}
}

func (c *localCluster) Load(ctx context.Context, image Image) (string, error) {
	_, err := c.commands.Output(ctx, nil, c.program, "load", "--state", c.stateDir, image.Archive)
	return image.Reference, err
}

func (c *localCluster) Forward(ctx context.Context, namespace, service, port string) (string, bool, error) {
	address, err := c.commands.Output(ctx, nil, c.program, "forward", "--state", c.stateDir, namespace+"/"+service+":"+port)
	return strings.TrimSpace(address), true, err
}

func (c *localCluster) Down(ctx context.Context, out io.Writer) error {
	return c.commands.Stream(ctx, out, c.program, "down", "--state", c.stateDir)
}

func (c *localCluster) Ours() bool { return true }

func (c *localCluster) Choice() string { return "" }
