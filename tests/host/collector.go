package main

import (
	"reflect"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// query is one run of the property collector over one filter spec.
type query struct {
	h      *Host
	c      *call
	spec   *types.PropertyFilterSpec
	named  map[string]*types.TraversalSpec
	walked map[walk]bool
	found  []types.ManagedObjectReference
	seen   map[types.ManagedObjectReference]bool
}

// walk is an object visited by a traversal; recursive specs come back to it.
type walk struct {
	ref  types.ManagedObjectReference
	spec *types.TraversalSpec
}

// collect answers a filter spec: which objects, with which properties.
func (h *Host) collect(c *call, spec *types.PropertyFilterSpec) ([]types.ObjectContent, error) {
	q := &query{h: h, c: c, spec: spec,
		named:  make(map[string]*types.TraversalSpec),
		walked: make(map[walk]bool),
		seen:   make(map[types.ManagedObjectReference]bool)}
	for _, p := range spec.PropSet {
		if err := q.checkPropSet(p); err != nil {
			return nil, err
		}
	}
	for _, o := range spec.ObjectSet {
		q.name(o.SelectSet)
	}
	for _, o := range spec.ObjectSet {
		if err := q.start(o); err != nil {
			return nil, err
		}
	}
	var all []types.ObjectContent
	for _, ref := range q.found {
		content, ok, err := q.properties(ref)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, content)
		}
	}
	return all, nil
}

func (q *query) checkPropSet(p types.PropertySpec) error {
	t, ok := managedTypes[p.Type]
	if !ok {
		return nil
	}
	for _, path := range p.PathSet {
		if err := checkPath(p.Type, q.c.version, t, path); err != nil {
			return err
		}
	}
	return nil
}

// name remembers the traversals that others refer to by name.
func (q *query) name(set []types.BaseSelectionSpec) {
	for _, s := range set {
		if t, ok := s.(*types.TraversalSpec); ok {
			if t.Name != "" {
				q.named[t.Name] = t
			}
			q.name(t.SelectSet)
		}
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

func (q *query) start(o types.ObjectSpec) error {
	obj := q.h.object(q.c, o.Obj)
	if obj == nil {
		if isTrue(q.spec.ReportMissingObjectsInResults) {
			return nil
		}
		return objectNotFound(o.Obj)
	}
	if !isTrue(o.Skip) {
		q.add(obj.Reference())
	}
	return q.follow(obj, o.SelectSet)
}

func (q *query) add(ref types.ManagedObjectReference) {
	if !q.seen[ref] {
		q.seen[ref] = true
		q.found = append(q.found, ref)
	}
}

func (q *query) follow(obj mo.Reference, set []types.BaseSelectionSpec) error {
	for _, s := range set {
		t, ok := s.(*types.TraversalSpec)
		if !ok {
			name := s.GetSelectionSpec().Name
			if t, ok = q.named[name]; !ok {
				return invalidArgument("selectSet: no traversal is named " + name)
			}
		}
		if err := q.traverse(obj, t); err != nil {
			return err
		}
	}
	return nil
}

func (q *query) traverse(obj mo.Reference, t *types.TraversalSpec) error {
	v := managed(obj)
	if t.Type != obj.Reference().Type && !isA(v.Type(), t.Type) {
		return nil
	}
	if q.walked[walk{obj.Reference(), t}] {
		return nil
	}
	q.walked[walk{obj.Reference(), t}] = true
	if !validPath(v.Type(), t.Path) {
		return invalidProperty(t.Path)
	}
	val, err := propertyValue(v, t.Path)
	if err != nil {
		return err
	}
	for _, ref := range references(val) {
		next := q.h.object(q.c, ref)
		if next == nil {
			continue
		}
		if !isTrue(t.Skip) {
			q.add(ref)
		}
		if err := q.follow(next, t.SelectSet); err != nil {
			return err
		}
	}
	return nil
}

func references(v interface{}) []types.ManagedObjectReference {
	switch r := v.(type) {
	case types.ManagedObjectReference:
		return []types.ManagedObjectReference{r}
	case array:
		return r.refs()
	}
	return nil
}

// properties reads an object; false when no propSet speaks of its type.
func (q *query) properties(ref types.ManagedObjectReference) (types.ObjectContent, bool, error) {
	content := types.ObjectContent{Obj: ref}
	obj := q.h.object(q.c, ref)
	if obj == nil {
		return content, false, nil
	}
	v := managed(obj)
	match := false
	have := make(map[string]bool)
	for _, p := range q.spec.PropSet {
		if p.Type != ref.Type && !isA(v.Type(), p.Type) {
			continue
		}
		match = true
		paths := p.PathSet
		if isTrue(p.All) {
			paths = q.visible(v.Type(), ref.Type)
		}
		for _, path := range paths {
			if have[path] {
				continue
			}
			have[path] = true
			if err := checkPath(ref.Type, q.c.version, v.Type(), path); err != nil {
				return content, false, err
			}
			val, err := propertyValue(v, path)
			if err != nil {
				return content, false, err
			}
			if val != nil {
				content.PropSet = append(content.PropSet, types.DynamicProperty{Name: path, Val: val})
			}
		}
	}
	return content, match, nil
}

// visible is every property that the client's version knows.
func (q *query) visible(t reflect.Type, typeName string) []string {
	var names []string
	for _, n := range allProperties(t) {
		if v, ok := newerProperties[typeName+"."+n]; ok && !atLeast(q.c.version, v) {
			continue
		}
		names = append(names, n)
	}
	return names
}

func (h *Host) collectAll(c *call, specs []types.PropertyFilterSpec) ([]types.ObjectContent, error) {
	var all []types.ObjectContent
	for i := range specs {
		found, err := h.collect(c, &specs[i])
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (h *Host) retrieveProperties(c *call) (interface{}, error) {
	req := c.body.(*types.RetrieveProperties)
	all, err := h.collectAll(c, req.SpecSet)
	return &types.RetrievePropertiesResponse{Returnval: all}, err
}

func (h *Host) retrievePropertiesEx(c *call) (interface{}, error) {
	req := c.body.(*types.RetrievePropertiesEx)
	all, err := h.collectAll(c, req.SpecSet)
	if err != nil {
		return nil, err
	}
	max := h.cfg.pageSize
	if n := int(req.Options.MaxObjects); n > 0 && n < max {
		max = n
	}
	return &types.RetrievePropertiesExResponse{Returnval: c.ses.firstPage(c.this, all, max)}, nil
}

// fetchResponse is the reply to Fetch.
type fetchResponse struct {
	Returnval types.AnyType `xml:"returnval,omitempty,typeattr"`
}

// FetchResponse gives the reply its name on the wire.
type FetchResponse fetchResponse

func (h *Host) fetch(c *call) (interface{}, error) {
	req := c.body.(*fetchRequest)
	v := managed(h.object(c, req.This))
	if err := checkPath(req.This.Type, c.version, v.Type(), req.Prop); err != nil {
		return nil, err
	}
	val, err := propertyValue(v, req.Prop)
	return &FetchResponse{Returnval: val}, err
}
