package main

import (
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// collector is a property collector of a session; each has filters, a version
// and at most one waiting call of its own.
type collector struct {
	mo.PropertyCollector
	version int
	pending []types.PropertyFilterUpdate // found, but not yet told
	waiting chan struct{}                // closed to end a waiting call
}

// filter remembers what it has told, to tell only changes.
type filter struct {
	mo.PropertyFilter
	owner *collector
	told  map[types.ManagedObjectReference]map[string]interface{}
}

// defaultCollector is the session's own instance of the singleton.
func (h *Host) sessionCollector(c *call, ref types.ManagedObjectReference) *collector {
	if o, ok := c.ses.objects[ref].(*collector); ok {
		return o
	}
	pc := &collector{}
	pc.Self = ref
	c.ses.objects[ref] = pc
	return pc
}

func (h *Host) sessionRef(c *call, kind string) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: kind,
		Value: fmt.Sprintf("session[%s]%s", c.ses.user.Key, randomUUID())}
}

func (h *Host) createCollector(c *call) (interface{}, error) {
	ref := h.sessionRef(c, "PropertyCollector")
	h.sessionCollector(c, ref)
	return &types.CreatePropertyCollectorResponse{Returnval: ref}, nil
}

func (h *Host) destroyCollector(c *call) (interface{}, error) {
	pc := h.sessionCollector(c, c.this)
	if c.this == h.content.PropertyCollector {
		return nil, notSupported()
	}
	pc.stop()
	for _, f := range pc.Filter {
		delete(c.ses.objects, f)
		delete(c.ses.filters, f)
	}
	delete(c.ses.objects, c.this)
	return &types.DestroyPropertyCollectorResponse{}, nil
}

func (h *Host) createFilter(c *call) (interface{}, error) {
	req := c.body.(*types.CreateFilter)
	if _, err := h.collect(c, &req.Spec); err != nil {
		return nil, err
	}
	pc := h.sessionCollector(c, c.this)
	f := &filter{owner: pc, told: make(map[types.ManagedObjectReference]map[string]interface{})}
	f.Self = h.sessionRef(c, "PropertyFilter")
	f.Spec, f.PartialUpdates = req.Spec, req.PartialUpdates
	pc.Filter = append(pc.Filter, f.Self)
	c.ses.objects[f.Self] = f
	c.ses.filters[f.Self] = f
	return &types.CreateFilterResponse{Returnval: f.Self}, nil
}

func (h *Host) destroyFilter(c *call) (interface{}, error) {
	f := c.ses.filters[c.this]
	if f == nil {
		return nil, objectNotFound(c.this)
	}
	for i, ref := range f.owner.Filter {
		if ref == c.this {
			f.owner.Filter = append(f.owner.Filter[:i:i], f.owner.Filter[i+1:]...)
			break
		}
	}
	delete(c.ses.filters, c.this)
	delete(c.ses.objects, c.this)
	return &types.DestroyPropertyFilterResponse{}, nil
}

func (pc *collector) stop() {
	if pc.waiting != nil {
		close(pc.waiting)
		pc.waiting = nil
	}
}

func (h *Host) cancelWaitForUpdates(c *call) (interface{}, error) {
	h.sessionCollector(c, c.this).stop()
	return &types.CancelWaitForUpdatesResponse{}, nil
}

// changes compares what the filter told with what is.
func (h *Host) changes(c *call, f *filter) ([]types.ObjectUpdate, error) {
	all, err := h.collect(c, &f.Spec)
	if err != nil {
		return nil, err
	}
	var ups []types.ObjectUpdate
	here := make(map[types.ManagedObjectReference]bool)
	for _, o := range all {
		here[o.Obj] = true
		if u := f.compare(o); u != nil {
			ups = append(ups, *u)
		}
	}
	for ref := range f.told {
		if !here[ref] {
			delete(f.told, ref)
			ups = append(ups, types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: ref})
		}
	}
	return ups, nil
}

// compare gives the update for one object, nil if nothing changed.
func (f *filter) compare(o types.ObjectContent) *types.ObjectUpdate {
	u := &types.ObjectUpdate{Kind: types.ObjectUpdateKindModify, Obj: o.Obj}
	old, known := f.told[o.Obj]
	if !known {
		u.Kind = types.ObjectUpdateKindEnter
	}
	fresh := make(map[string]interface{})
	for _, p := range o.PropSet {
		// The inventory changes in place, so keep the text, not the pointer.
		text, _ := encode(&types.DynamicProperty{Name: p.Name, Val: p.Val}, "p")
		fresh[p.Name] = text
		if !reflect.DeepEqual(old[p.Name], text) {
			u.ChangeSet = append(u.ChangeSet, types.PropertyChange{
				Name: p.Name, Op: types.PropertyChangeOpAssign, Val: p.Val})
		}
	}
	for name := range old {
		if _, ok := fresh[name]; !ok {
			u.ChangeSet = append(u.ChangeSet, types.PropertyChange{
				Name: name, Op: types.PropertyChangeOpAssign})
		}
	}
	f.told[o.Obj] = fresh
	if known && len(u.ChangeSet) == 0 {
		return nil
	}
	return u
}

// poll looks at all filters of the collector once.
func (h *Host) poll(c *call, pc *collector) error {
	for _, ref := range pc.Filter {
		f := c.ses.filters[ref]
		if f == nil {
			continue
		}
		ups, err := h.changes(c, f)
		if err != nil {
			return err
		}
		if len(ups) > 0 {
			pc.pending = append(pc.pending, types.PropertyFilterUpdate{Filter: ref, ObjectSet: ups})
		}
	}
	return nil
}

// take makes an update set of at most max objects.
func (pc *collector) take(max int) *types.UpdateSet {
	if len(pc.pending) == 0 {
		return nil
	}
	set := &types.UpdateSet{}
	for max > 0 && len(pc.pending) > 0 {
		u := &pc.pending[0]
		n := len(u.ObjectSet)
		if n > max {
			n = max
		}
		set.FilterSet = append(set.FilterSet, types.PropertyFilterUpdate{Filter: u.Filter, ObjectSet: u.ObjectSet[:n]})
		max -= n
		if u.ObjectSet = u.ObjectSet[n:]; len(u.ObjectSet) == 0 {
			pc.pending = pc.pending[1:]
		}
	}
	if len(pc.pending) > 0 {
		set.Truncated = types.NewBool(true)
	}
	pc.version++
	set.Version = strconv.Itoa(pc.version)
	return set
}

// await waits for changes; it gives up the host's lock meanwhile.
func (h *Host) await(c *call, version string, wait time.Duration, max int) (*types.UpdateSet, error) {
	pc := h.sessionCollector(c, c.this)
	if version == "" {
		pc.pending = nil
		for _, ref := range pc.Filter {
			if f := c.ses.filters[ref]; f != nil {
				f.told = make(map[types.ManagedObjectReference]map[string]interface{})
			}
		}
	} else if version != strconv.Itoa(pc.version) {
		return nil, &vimFault{"The version is not valid.", &types.InvalidCollectorVersion{}}
	}
	pc.stop()
	stop := make(chan struct{})
	pc.waiting = stop
	end := time.Now().Add(wait)
	for {
		if c.ses.expired {
			return nil, notAuthenticated(c.this)
		}
		if len(pc.pending) == 0 {
			if err := h.poll(c, pc); err != nil {
				return nil, err
			}
		}
		if set := pc.take(max); set != nil {
			return set, nil
		}
		if !time.Now().Before(end) {
			return nil, nil
		}
		h.mu.Unlock()
		select {
		case <-stop:
			h.mu.Lock()
			return nil, &vimFault{"The request was canceled.", &types.RequestCanceled{}}
		case <-time.After(20 * time.Millisecond):
		}
		h.mu.Lock()
	}
}

// longest bounds a wait without limit: real hosts give up after about half an hour.
const longest = 30 * time.Minute

func (h *Host) waitForUpdatesEx(c *call) (interface{}, error) {
	req := c.body.(*types.WaitForUpdatesEx)
	wait, max := longest, h.cfg.pageSize
	if o := req.Options; o != nil {
		if o.MaxWaitSeconds != nil {
			wait = time.Duration(*o.MaxWaitSeconds) * time.Second
		}
		if n := int(o.MaxObjectUpdates); n > 0 && n < max {
			max = n
		}
	}
	set, err := h.await(c, req.Version, wait, max)
	return &types.WaitForUpdatesExResponse{Returnval: set}, err
}

func (h *Host) waitForUpdates(c *call) (interface{}, error) {
	set, err := h.await(c, c.body.(*types.WaitForUpdates).Version, longest, 1<<30)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return nil, &vimFault{"The request was canceled.", &types.RequestCanceled{}}
	}
	return &types.WaitForUpdatesResponse{Returnval: *set}, nil
}
