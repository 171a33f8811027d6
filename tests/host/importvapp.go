package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// importJob is what a lease of an import has beside that of an export.
type importJob struct {
	expected map[string]bool // import keys without which Complete is refused
	made     bool            // the VM is in the inventory
	late     *vimFault       // why it cannot be made, found out late
}

// importVApp checks the request and answers with a lease; the VM is made
// while that initialises.
func (h *Host) importVApp(c *call) (interface{}, error) {
	req := c.body.(*types.ImportVApp)
	spec, ok := req.Spec.(*types.VirtualMachineImportSpec)
	if !ok {
		return nil, notSupported()
	}
	at, err := h.importTarget(c, req, &spec.ConfigSpec)
	if err != nil {
		return nil, err
	}
	name := unescapeName(spec.ConfigSpec.Name)
	if name == "" || len([]rune(name)) > 80 {
		return nil, &vimFault{fmt.Sprintf("The name '%s' is invalid.", name), &types.InvalidName{Name: name}}
	}
	if f := h.nameTaken(at.folder, name); f != nil && h.vc {
		return nil, f
	}
	text, err := encode(spec, "spec")
	if err != nil {
		return nil, err
	}
	expected, verbatim := h.specs[text]
	h.log.add("import", fields{"vm": name, "verbatim": verbatim, "pool": c.this.Value, "folder": at.folder.Self.Value,
		"host": at.host.Self.Value, "datastore": at.ds.Name})
	b := &vmBuilder{h: h, spec: &spec.ConfigSpec, at: at, name: name, verbatim: verbatim}
	v, f := b.build()
	if f != nil {
		return nil, f
	}
	l := h.startLease(c, v, nil, b.items)
	l.imp = &importJob{expected: make(map[string]bool), late: b.late}
	for _, key := range expected {
		l.imp.expected[key] = true
	}
	if !verbatim {
		for _, it := range b.items {
			l.imp.expected[it.importKey] = true
		}
	}
	v.export = l
	l.task = h.newTask(c, "importVAppLRO", c.this, true)
	l.task.begin()
	go l.live()
	return &types.ImportVAppResponse{Returnval: l.mo.Self}, nil
}

var datastorePath = regexp.MustCompile(`^\[([^\]]+)\]`)

// importTarget finds where the VM goes, and refuses what cannot be there.
func (h *Host) importTarget(c *call, req *types.ImportVApp, spec *types.VirtualMachineConfigSpec) (*target, error) {
	at, err := h.target(c.this, nil, req.Folder, req.Host)
	if err != nil {
		return nil, err
	}
	if at.folder == nil {
		if h.vc {
			return nil, invalidArgument("folder")
		}
		at.folder = h.site.folders[""]
	}
	holds := false
	for _, t := range at.folder.ChildType {
		holds = holds || t == "VirtualMachine"
	}
	if !holds || datacenterOf(at.folder.Self) != datacenterOf(at.compute.Self) {
		return nil, invalidArgument("folder")
	}
	if at.host == nil && !at.drs {
		return nil, invalidArgument("host")
	}
	if f := at.chooseHost(); f != nil {
		return nil, f
	}
	file := ""
	if spec.Files != nil {
		file = spec.Files.VmPathName
	}
	m := datastorePath.FindStringSubmatch(file)
	if m == nil {
		return nil, &vimFault{fmt.Sprintf("Invalid datastore path '%s'.", file), &types.InvalidDatastorePath{DatastorePath: file}}
	}
	for _, ref := range at.host.Datastore {
		if ds, ok := simulator.Map.Get(ref).(*simulator.Datastore); ok && ds.Name == m[1] {
			at.ds = ds
		}
	}
	if at.ds == nil {
		return nil, &vimFault{fmt.Sprintf("Invalid datastore path '%s'.", file), &types.InvalidDatastorePath{
			InvalidDatastore: types.InvalidDatastore{Name: m[1]}, DatastorePath: file}}
	}
	if !at.ds.Summary.Accessible {
		return nil, &vimFault{fmt.Sprintf("The datastore '%s' is not accessible.", m[1]),
			&types.InaccessibleDatastore{InvalidDatastore: types.InvalidDatastore{Datastore: &at.ds.Self, Name: m[1]}}}
	}
	return at, nil
}

// chooseHost takes the one that was asked for, or lets a cluster choose.
func (at *target) chooseHost() *vimFault {
	for _, host := range at.hosts {
		r := &host.Runtime
		if !r.InMaintenanceMode && r.ConnectionState == types.HostSystemConnectionStateConnected {
			at.host = host
			return nil
		}
	}
	if len(at.hosts) > 0 && !at.hosts[0].Runtime.InMaintenanceMode {
		return &vimFault{"Unable to communicate with the remote host, since it is disconnected.", &types.HostNotConnected{}}
	}
	return &vimFault{"The operation is not allowed in the current state of the host.", &types.InvalidState{}}
}

// datacenterOf walks up; the empty reference if there is none.
func datacenterOf(ref types.ManagedObjectReference) types.ManagedObjectReference {
	for ref.Type != "Datacenter" {
		e := simulator.Map.Get(ref)
		if e == nil {
			return types.ManagedObjectReference{}
		}
		parent := managed(e).FieldByName("Parent").Interface().(*types.ManagedObjectReference)
		if parent == nil {
			return types.ManagedObjectReference{}
		}
		ref = *parent
	}
	return ref
}

func (h *Host) nameTaken(folder *simulator.Folder, name string) *vimFault {
	if ref := h.childNamed(folder.Self, escapeName(name)); ref != nil {
		return &vimFault{fmt.Sprintf("The name '%s' already exists.", name), &types.DuplicateName{Name: escapeName(name), Object: *ref}}
	}
	return nil
}

// create puts the VM into the inventory when the lease becomes ready.
func (l *lease) create() *vimFault {
	v := l.vm
	if l.imp.late != nil {
		return l.imp.late
	}
	if f := l.h.nameTaken(v.at.folder, v.spec.Name); f != nil {
		return f
	}
	for _, d := range v.disks {
		if !d.spec.Thick {
			continue
		}
		if !l.h.take(v.at.ds, d.raw.size) {
			return noSpace(v.at.ds)
		}
		d.taken = d.raw.size
	}
	l.h.register(v)
	l.imp.made = true
	l.h.log.add("vm-created", fields{"vm": v.spec.Name, "vm_id": v.ref.Value})
	return nil
}

func noSpace(ds *simulator.Datastore) *vimFault {
	return &vimFault{fmt.Sprintf("Insufficient disk space on datastore '%s'.", ds.Name),
		&types.NoDiskSpace{FileFault: types.FileFault{File: "[" + ds.Name + "]"}, Datastore: ds.Name}}
}

// undo is the end of an import that came to nothing: the VM and all its files
// are gone.
func (l *lease) undo() {
	v := l.vm
	if l.imp.made {
		l.h.unregister(v)
	} else {
		for _, d := range v.disks {
			l.h.giveBack(v.at.ds, d.taken)
			_ = d.raw.f.Close()
		}
		_ = os.RemoveAll(v.own)
	}
	l.h.log.add("vm-destroyed", fields{"vm": v.spec.Name, "vm_id": v.ref.Value, "by": "lease"})
}

// arrived tells whether all files came that have to.
func (l *lease) arrived() bool {
	for _, it := range l.items {
		if l.imp.expected[it.importKey] && !it.whole {
			return false
		}
	}
	return true
}

// rekey gives the files their final keys: those are known when the first file
// has come, and only a client that reads the lease again sees them.
func (l *lease) rekey() {
	for _, it := range l.items {
		it.key = it.finalKey
	}
	l.mo.Info = l.info()
}

// newRaw makes an empty disk of an imported VM.
func newRaw(dir string, n int, size int64) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(dir, fmt.Sprintf("disk-%d.raw", n))
	f, err := os.Create(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return file, f.Truncate(size)
}

// importKey is what a file is called until it has come.
func importKey(name, device string) string { return "/" + name + "/" + device }
