package situation

import (
	"fmt"
	"strings"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/outline"
)

// Tree is the situation as lines: what is wrong in full, what is fine in short.
func (s *Situation) Tree() outline.Node {
	root := outline.Line(outline.None, fmt.Sprintf("Tenant %s/%s (%s)", s.Namespace, s.Name, s.DisplayName))
	root.Add(
		s.summary(), s.conditionsNode(), s.configurationNode(),
		section("secrets", s.Secrets, "none is named", func(secret Secret) outline.Node {
			return outline.Line(marks[secret.Verdict], fmt.Sprintf("%s, key %s: %s (%s)", secret.Name, secret.Key, secret.State, secret.Field))
		}),
		s.databaseNode(), s.routeNode(),
		s.objectsNode(),
		section("pods", s.Pods, "none", s.podNode),
	)
	if len(s.Campaigns) > 0 {
		root.Add(section("campaigns", s.Campaigns, "", func(campaign Campaign) outline.Node {
			return outline.Line(marks[campaign.Verdict], campaign.Name+": "+campaign.State)
		}))
	}
	return root
}

func section[T any](title string, entries []T, none string, line func(T) outline.Node) outline.Node {
	if len(entries) == 0 {
		return outline.Line(outline.None, title+": "+none)
	}
	node := outline.Line(outline.None, title)
	for _, entry := range entries {
		node.Add(line(entry))
	}
	return node
}

func (s *Situation) summary() outline.Node {
	switch {
	case s.Deleting:
		return outline.Line(outline.Waiting, "being deleted: "+s.Message)
	case s.Ready:
		return outline.Line(outline.Good, fmt.Sprintf("ready (%s): %s", s.Reason, s.Message))
	case !s.Current && len(s.Conditions) > 0:
		return outline.Line(outline.Waiting, fmt.Sprintf("not ready: the operator has not looked at the last edit yet; before it: %s: %s", s.Reason, s.Message))
	default:
		return outline.Line(outline.Bad, fmt.Sprintf("not ready (%s): %s", s.Reason, s.Message))
	}
}

func (s *Situation) conditionsNode() outline.Node {
	node := outline.Line(outline.None, "conditions")
	short := map[Verdict][]string{}
	for _, c := range s.Conditions {
		switch c.Verdict {
		case Fine, NotAsked, AtRest:
			short[c.Verdict] = append(short[c.Verdict], c.short())
			continue
		}
		if s.echoes(c) {
			continue
		}
		message := c.Message
		if message == s.Message {
			message = "see above"
		}
		node.Add(outline.Line(marks[c.Verdict], fmt.Sprintf("%s=%s (%s): %s", c.Type, c.Status, c.Reason, message)))
	}
	for _, group := range []struct {
		verdict Verdict
		title   string
	}{{Fine, "as it should be"}, {AtRest, "at rest"}, {NotAsked, "not asked for"}} {
		if names := short[group.verdict]; len(names) > 0 {
			node.Add(outline.Line(marks[group.verdict], group.title+": "+strings.Join(names, ", ")))
		}
	}
	if len(node.Children) == 0 {
		node.Text += ": none yet"
	}
	return node
}

func (s *Situation) configurationNode() outline.Node {
	node := outline.Line(outline.None, "configuration")
	switch {
	case s.Revision.Desired == "":
		node.Add(outline.Line(outline.Bad, s.noConfiguration()))
	case s.Suspended:
		node.Add(outline.Line(outline.Idle, fmt.Sprintf("revision %s is ready for when it is resumed", short(s.Revision.Desired))))
	case s.Revision.Served == s.Revision.Desired:
		node.Add(outline.Line(outline.Good, fmt.Sprintf("every ready pod serves revision %s", short(s.Revision.Desired))))
	default:
		node.Add(outline.Line(outline.Waiting, fmt.Sprintf("revision %s is wanted; served is %s", short(s.Revision.Desired), short(s.Revision.Served))))
	}
	for _, policy := range s.Policies {
		node.Add(outline.Line(marks[policy.Verdict], fmt.Sprintf("BookingPolicy %s: %s", policy.Name, policy.State)))
	}
	return node
}

// noConfiguration says so, and what the pods go on with: a revision is the digest of a whole configuration.
func (s *Situation) noConfiguration() string {
	text := "no complete configuration yet"
	if _, invalid := s.failing(v1alpha1.ConditionConfigurationValid); invalid {
		text = "no valid configuration yet"
	}
	if s.Revision.Served != "" {
		return text + fmt.Sprintf("; revision %s, the last good one, is served on", short(s.Revision.Served))
	}
	return text + "; nothing is served"
}

func (s *Situation) databaseNode() outline.Node {
	text := "database: " + s.Database.Engine
	if s.Database.Schema > 0 {
		text += fmt.Sprintf(", schema version %d", s.Database.Schema)
	}
	return outline.Line(outline.None, text)
}

func (s *Situation) routeNode() outline.Node {
	text := "route: none"
	if s.Host != "" {
		text = "route: host " + s.Host
	}
	if s.URL != "" {
		text += "; reached at " + s.URL
	}
	return outline.Line(outline.None, text)
}

// objectsNode has a line for each object that has something to say, and one for all others.
func (s *Situation) objectsNode() outline.Node {
	node := outline.Line(outline.None, "objects")
	var plain []string
	for _, object := range s.Objects {
		if object.State == statePresent {
			plain = append(plain, object.Kind+" "+object.Name)
			continue
		}
		node.Add(outline.Line(marks[object.Verdict], fmt.Sprintf("%s %s: %s", object.Kind, object.Name, object.State)))
	}
	if len(plain) > 0 {
		node.Add(outline.Line(outline.Good, "there: "+strings.Join(plain, ", ")))
	}
	if len(node.Children) == 0 {
		node.Text += ": none yet"
	}
	return node
}

func (s *Situation) podNode(pod Pod) outline.Node {
	text, mark := pod.Name+": ready", outline.Good
	switch {
	case pod.Trouble == troubleEnding:
		text, mark = pod.Name+": ending", outline.Waiting
	case pod.Trouble != "":
		text, mark = fmt.Sprintf("%s: %s: %s", pod.Name, pod.Trouble, pod.Detail), outline.Bad
	}
	text = strings.TrimSuffix(text, ": ")
	switch {
	case pod.Refuses != "":
		text, mark = text+", refuses the newest revision: "+pod.Refuses, outline.Bad
	case pod.Serves != "" && pod.Serves != s.Revision.Desired && s.Revision.Desired != "":
		text, mark = text+", serves revision "+short(pod.Serves), outline.Waiting
	case pod.Serves != "":
		text += ", serves revision " + short(pod.Serves)
	}
	if pod.Restarts > 0 {
		text += fmt.Sprintf(", restarted %d times", pod.Restarts)
	}
	return outline.Line(mark, text)
}

// short is enough of a revision to tell it from others, in the length that the operator writes.
func short(revision string) string {
	if revision == "" {
		return "none"
	}
	return revision[:min(8, len(revision))]
}
