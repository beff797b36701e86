package tools

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// systemPrograms are programs that a real node needs from the system, by the
// Debian package that has them.
var systemPrograms = map[string]string{"runc": "runc", "iptables": "iptables"}

// EnsureSystem makes sure that the programs from the system are installed,
// through apt-get where there is one.
func EnsureSystem(ctx context.Context, progress io.Writer) error {
	var missing []string
	for program, pkg := range systemPrograms {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("a real node needs %s: install it with this system's package manager, or use --nodes=simulated",
			strings.Join(missing, " and "))
	}
	_, _ = fmt.Fprintf(progress, "Installing %s from the system's packages.\n", strings.Join(missing, ", "))
	for _, args := range [][]string{
		{"update", "-qq"},
		append([]string{"install", "-y", "-qq", "--no-install-recommends"}, missing...),
	} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
