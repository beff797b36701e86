package tenant

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// The types below are those parts of the Prometheus operator's API that are rendered, under its names
// (monitoring.coreos.com/v1alpha1).

type alertmanagerConfigConfiguration struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        *metav1ac.ObjectMetaApplyConfiguration `json:"metadata"`
	Spec            alertmanagerConfigSpec                 `json:"spec"`
}

type alertmanagerConfigSpec struct {
	Route     alertRoute      `json:"route"`
	Receivers []alertReceiver `json:"receivers"`
}

type alertRoute struct {
	Receiver       string         `json:"receiver"`
	Matchers       []alertMatcher `json:"matchers"`
	GroupBy        []string       `json:"groupBy"`
	GroupWait      string         `json:"groupWait"`
	GroupInterval  string         `json:"groupInterval"`
	RepeatInterval string         `json:"repeatInterval"`
}

type alertMatcher struct {
	Name      string `json:"name"`
	MatchType string `json:"matchType"`
	Value     string `json:"value"`
}

type alertReceiver struct {
	Name         string       `json:"name"`
	EmailConfigs []alertEmail `json:"emailConfigs"`
}

type alertEmail struct {
	To           string `json:"to"`
	SendResolved bool   `json:"sendResolved"`
}

// wantsAlertEmails says that the tenant names people to be told of its alerts.
func (s *scope) wantsAlertEmails() bool {
	return s.tenant.Spec.Alerts != nil && len(s.tenant.Spec.Alerts.Emails) > 0
}

// alertmanagerConfig has the platform's Alertmanager tell people of the tenant's alerts, besides whom it tells anyway.
// It names no mail server: a server named here would be given the platform's credentials, as Alertmanager completes
// what is left out from its own settings. Those must name one, or Alertmanager refuses its whole configuration; so
// there is no such object until the platform says that they do. Each address has a message of its own and sees no other.
func alertmanagerConfig(s *scope) any {
	if !s.wantsAlertEmails() || !s.platform.AlertEmails || s.absent[alertmanagerConfigKind.GroupKind()] {
		return nil
	}
	const receiver = "emails"
	emails := make([]alertEmail, len(s.tenant.Spec.Alerts.Emails))
	for i, address := range s.tenant.Spec.Alerts.Emails {
		emails[i] = alertEmail{To: literal(address), SendResolved: true}
	}
	return &alertmanagerConfigConfiguration{
		TypeMeta: typeMeta(alertmanagerConfigKind),
		Metadata: s.monitoringMeta(),
		Spec: alertmanagerConfigSpec{
			Route: alertRoute{
				Receiver:  receiver,
				Matchers:  []alertMatcher{{"namespace", "=", s.tenant.Namespace}, {"tenant", "=", s.tenant.Name}},
				GroupBy:   []string{"severity"},
				GroupWait: "30s", GroupInterval: "5m", RepeatInterval: "12h",
			},
			Receivers: []alertReceiver{{Name: receiver, EmailConfigs: emails}},
		},
	}
}

// literal keeps Alertmanager from taking an address for a template.
func literal(address v1alpha1.EmailAddress) string {
	return strings.ReplaceAll(string(address), "{{", `{{"{{"}}`)
}
