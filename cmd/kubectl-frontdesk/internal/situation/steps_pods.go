package situation

import (
	"fmt"
	"strings"
)

// advisePods has one step for each kind of trouble, however many pods have it.
func advisePods(s *Situation) []Step {
	var all []Step
	seen := map[string]bool{}
	for _, pod := range s.Pods {
		if pod.Trouble == "" || seen[pod.Trouble] {
			continue
		}
		seen[pod.Trouble] = true
		if step, needed := s.podStep(pod); needed {
			all = append(all, step)
		}
	}
	return all
}

func (s *Situation) podStep(pod Pod) (Step, bool) {
	describe := s.command("describe pod %s", pod.Name)
	switch pod.Trouble {
	case "CrashLoopBackOff", "Error", "RunContainerError":
		return Step{
			fmt.Sprintf("The server in pod %s does not stay up: %s. See what it said before it ended.", pod.Name, strings.TrimSuffix(pod.Detail, ".")),
			[]string{s.own("logs %s --previous --tail 50", s.Name), describe},
		}, true
	case "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName":
		return Step{
			fmt.Sprintf("Pod %s does not get its image: %s. Check the image and the version that the operator runs, and spec.server.pod.imagePullSecrets.", pod.Name, strings.TrimSuffix(pod.Detail, ".")),
			[]string{describe},
		}, true
	case "CreateContainerConfigError", "CreateContainerError":
		return Step{fmt.Sprintf("Pod %s cannot be started: %s.", pod.Name, strings.TrimSuffix(pod.Detail, ".")), []string{describe}}, true
	case troubleUnschedulable:
		return Step{
			fmt.Sprintf("No node takes pod %s: %s. Make room, or change spec.server.resources and spec.server.pod.", pod.Name, strings.TrimSuffix(pod.Detail, ".")),
			[]string{describe},
		}, true
	case troubleNotReady:
		return Step{fmt.Sprintf("Pod %s is not ready: %s.", pod.Name, strings.TrimSuffix(pod.Detail, ".")), []string{s.own("logs %s --tail 50", s.Name)}}, s.Reason != "RollingOut"
	}
	return Step{}, false
}
