package main

import (
	"fmt"
	"path"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// object finds what a reference means to this call: some singletons and all
// views, collectors and filters belong to the session.
func (h *Host) object(c *call, ref types.ManagedObjectReference) mo.Reference {
	if c.ses != nil {
		if o, ok := c.ses.objects[ref]; ok {
			return o
		}
	}
	switch {
	case ref == *h.content.SessionManager:
		return h.sessionManager(c)
	case ref.Type == "ServiceInstance":
		return h.serviceInstance(ref)
	case ref.Type == "ManagedEntity":
		for _, o := range simulator.Map.All("") {
			if o.Reference().Value == ref.Value {
				return o
			}
		}
		return nil
	}
	return simulator.Map.Get(ref)
}

// serviceInstance has the time of the moment.
func (h *Host) serviceInstance(ref types.ManagedObjectReference) mo.Reference {
	if simulator.Map.Get(ref) == nil {
		return nil
	}
	return &mo.ServiceInstance{Self: ref, ServerClock: now(), Content: h.content}
}

// managed gives the plain vim25/mo struct inside an object: the simulator
// embeds it in types of its own.
func managed(o mo.Reference) reflect.Value {
	v := reflect.ValueOf(o).Elem()
	for path.Base(v.Type().PkgPath()) != "mo" {
		v = v.Field(0)
	}
	return v
}

// isA tells whether a managed type is the named one or inherits from it.
func isA(t reflect.Type, name string) bool {
	for {
		if t.Name() == name || name == "ManagedObject" {
			return true
		}
		if t.NumField() == 0 || !t.Field(0).Anonymous {
			return false
		}
		t = t.Field(0).Type
	}
}

// tagName is the name of a property in the schema.
func tagName(f reflect.StructField) string {
	tag := f.Tag.Get("mo")
	if tag == "" {
		tag = f.Tag.Get("xml")
	}
	return strings.SplitN(tag, ",", 2)[0]
}

func fieldByTag(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		if tagName(f) == name {
			return f, true
		}
	}
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		if !f.Anonymous || f.Type.Kind() != reflect.Struct {
			continue
		}
		if sub, ok := fieldByTag(f.Type, name); ok {
			sub.Index = append([]int{i}, sub.Index...)
			return sub, true
		}
	}
	return reflect.StructField{}, false
}

// validPath tells whether a property path exists on a managed type.  Beyond
// an interface only a value can tell, so there everything is valid.
func validPath(t reflect.Type, propPath string) bool {
	for _, name := range strings.Split(propPath, ".") {
		for t.Kind() == reflect.Ptr {
			t = t.Elem()
		}
		if t.Kind() == reflect.Interface {
			return true
		}
		if t.Kind() != reflect.Struct {
			return false
		}
		f, ok := fieldByTag(t, name)
		if !ok {
			return false
		}
		t = f.Type
	}
	return true
}

// propertyValue follows a path.  It gives nil for a property that is unset.
func propertyValue(v reflect.Value, propPath string) (interface{}, error) {
	names := strings.Split(propPath, ".")
	for i, name := range names {
		for v.Kind() == reflect.Ptr || v.Kind() == reflect.Interface {
			if v.IsNil() {
				return nil, nil
			}
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return nil, invalidProperty(propPath)
		}
		f, ok := fieldByTag(v.Type(), name)
		if !ok {
			return nil, invalidProperty(propPath)
		}
		v = v.FieldByIndex(f.Index)
		if i == len(names)-1 {
			return wrap(v, i == 0), nil
		}
	}
	return nil, nil
}

func invalidProperty(name string) *vimFault {
	return &vimFault{fmt.Sprintf("Property '%s' is invalid", name), &types.InvalidProperty{Name: name}}
}

// wrap makes a field into what an xsd:anyType may hold; nil when unset.
func wrap(v reflect.Value, direct bool) interface{} {
	switch v.Kind() {
	case reflect.Ptr, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if v.Kind() == reflect.Ptr {
			return wrap(v.Elem(), direct)
		}
		return v.Interface()
	case reflect.String:
		if v.Len() == 0 && v.Type().Name() != "string" {
			return nil // an enumeration has no empty value
		}
	case reflect.Slice:
		if v.IsNil() && !direct {
			return nil
		}
		return newArray(v)
	case reflect.Struct:
		if ref, ok := v.Interface().(types.ManagedObjectReference); ok && ref.Value == "" {
			return nil
		}
	}
	return v.Interface()
}

// allProperties names the properties that a managed type has.
func allProperties(t reflect.Type) []string {
	var names []string
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, allProperties(f.Type)...)
		} else if n := tagName(f); n != "" {
			names = append(names, n)
		}
	}
	return names
}

// managedTypes are those whose property paths are checked even when no object
// of the type is there.
var managedTypes = map[string]reflect.Type{
	"ComputeResource":                reflect.TypeOf(mo.ComputeResource{}),
	"ClusterComputeResource":         reflect.TypeOf(mo.ClusterComputeResource{}),
	"ContainerView":                  reflect.TypeOf(mo.ContainerView{}),
	"Datacenter":                     reflect.TypeOf(mo.Datacenter{}),
	"Datastore":                      reflect.TypeOf(mo.Datastore{}),
	"DistributedVirtualPortgroup":    reflect.TypeOf(mo.DistributedVirtualPortgroup{}),
	"DistributedVirtualSwitch":       reflect.TypeOf(mo.DistributedVirtualSwitch{}),
	"EnvironmentBrowser":             reflect.TypeOf(mo.EnvironmentBrowser{}),
	"OpaqueNetwork":                  reflect.TypeOf(mo.OpaqueNetwork{}),
	"StoragePod":                     reflect.TypeOf(mo.StoragePod{}),
	"VmwareDistributedVirtualSwitch": reflect.TypeOf(mo.VmwareDistributedVirtualSwitch{}),
	"Folder":                         reflect.TypeOf(mo.Folder{}),
	"HostDatastoreBrowser":           reflect.TypeOf(mo.HostDatastoreBrowser{}),
	"HostSystem":                     reflect.TypeOf(mo.HostSystem{}),
	"HttpNfcLease":                   reflect.TypeOf(mo.HttpNfcLease{}),
	"LicenseManager":                 reflect.TypeOf(mo.LicenseManager{}),
	"ManagedEntity":                  reflect.TypeOf(mo.ManagedEntity{}),
	"Network":                        reflect.TypeOf(mo.Network{}),
	"OvfManager":                     reflect.TypeOf(mo.OvfManager{}),
	"ResourcePool":                   reflect.TypeOf(mo.ResourcePool{}),
	"ServiceInstance":                reflect.TypeOf(mo.ServiceInstance{}),
	"SessionManager":                 reflect.TypeOf(mo.SessionManager{}),
	"Task":                           reflect.TypeOf(mo.Task{}),
	"VirtualApp":                     reflect.TypeOf(mo.VirtualApp{}),
	"VirtualMachine":                 reflect.TypeOf(mo.VirtualMachine{}),
	"VirtualMachineSnapshot":         reflect.TypeOf(mo.VirtualMachineSnapshot{}),
}

// newerProperties came with a version; an older API does not know them.
var newerProperties = map[string]string{
	"VirtualMachine.config.keyId":   "6.5",
	"HttpNfcLease.capabilities":     "6.7",
	"HttpNfcLease.mode":             "6.7",
	"HttpNfcLease.transferProgress": "6.7",
}

// checkPath refuses paths that the type has not, or not yet in this version.
func checkPath(typeName, version string, t reflect.Type, p string) error {
	if v, ok := newerProperties[typeName+"."+p]; ok && !atLeast(version, v) {
		return invalidProperty(p)
	}
	if !validPath(t, p) {
		return invalidProperty(p)
	}
	return nil
}
