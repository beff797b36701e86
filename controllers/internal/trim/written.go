package trim

import "github.com/frontdesk-dev/frontdesk/api/v1alpha1"

// Of what people write nothing is dropped but managedFields. They are changed in place, which only one that comes from
// the API server may be: it is the one that still has managedFields.

func (t *Trimmer) tenant(object *v1alpha1.Tenant) {
	if object.ManagedFields == nil {
		return
	}
	object.ManagedFields = nil
	object.Namespace = t.words.of(object.Namespace)
	status := &object.Status
	status.Conditions, status.Inventory = t.conditions(status.Conditions), tight(status.Inventory)
	status.Version = t.words.of(status.Version)
	names := map[string]string{}
	for i := range status.Inventory {
		item := &status.Inventory[i]
		item.Group, item.Version, item.Kind = t.words.of(item.Group), t.words.of(item.Version), t.words.of(item.Kind)
		if name, found := names[item.Name]; found {
			item.Name = name // most objects of a tenant have the same
			continue
		}
		names[item.Name] = item.Name
	}
	if revision := status.Revision; revision != nil {
		revision.DocumentVersion = t.words.of(revision.DocumentVersion)
		if revision.Served == revision.Desired {
			revision.Served = revision.Desired // the same text, and one memory instead of two
		}
	}
	if template := status.Template; template != nil {
		template.Settings, template.Pin = t.words.of(template.Settings), t.words.of(template.Pin)
	}
}

func (t *Trimmer) policy(object *v1alpha1.BookingPolicy) {
	if object.ManagedFields != nil {
		object.ManagedFields = nil
		object.Status.Conditions = t.conditions(object.Status.Conditions)
	}
}

func (t *Trimmer) campaign(object *v1alpha1.Campaign) {
	if object.ManagedFields != nil {
		object.ManagedFields = nil
		object.Status.Conditions = t.conditions(object.Status.Conditions)
	}
}
