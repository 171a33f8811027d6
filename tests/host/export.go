package main

import (
	"fmt"
	"os"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

func (h *Host) exportVM(c *call) (interface{}, error) {
	v := h.vmOf(c.this)
	switch {
	case v.on:
		return nil, wrongPower(types.VirtualMachinePowerStatePoweredOff, v.power())
	case v.busy != nil:
		return nil, taskInProgress(v.busy.mo.Self)
	case v.export != nil:
		return nil, taskInProgress(v.export.task.mo.Self)
	}
	l, err := h.newLease(c, v, nil)
	if err != nil {
		return nil, err
	}
	v.export = l
	l.task = h.newTask(c, "exportVm", v.ref, false)
	l.task.begin()
	return &types.ExportVmResponse{Returnval: l.mo.Self}, nil
}

func (h *Host) exportSnapshot(c *call) (interface{}, error) {
	v := h.vmOf(c.this)
	if v.export != nil {
		return nil, taskInProgress(v.export.task.mo.Self)
	}
	l, err := h.newLease(c, v, v.snapshot(c.this))
	if err != nil {
		return nil, err
	}
	return &types.ExportSnapshotResponse{Returnval: l.mo.Self}, nil
}

// leaseItem is one file that a lease lets the client fetch.
type leaseItem struct {
	key       string
	importKey string // of an import
	finalKey  string // the same, once a file has come
	target    string // the last part of its URL
	isDisk    bool
	n         int // number of the disk in the VM, -1 for others
	disk      *vmDisk
	content   *frozen
	file      string // of an item that is no disk
	size      int64  // the same
	checksum  string // algorithm asked for
	gets      int
	sent      int64    // bytes of the last transfer
	whole     bool     // and that was all of it
	came      *arrival // of an import, what came
}

// items lists what an export of the VM, or of its snapshot s, consists of.
func (v *vm) items(s *snapshot) []*leaseItem {
	var all []*leaseItem
	for i, d := range v.disks {
		if d.spec.RDM == "physical" {
			continue
		}
		content := (*frozen)(nil)
		if s != nil {
			f, ok := s.files[d]
			if !ok {
				continue
			}
			content = f.content.hold()
		} else {
			content = d.raw.freeze()
		}
		all = append(all, &leaseItem{
			key:    fmt.Sprintf("/%s/%s:%d", v.ref.Value, d.ctlrName, d.unit),
			target: fmt.Sprintf("disk-%d.vmdk", len(all)),
			isDisk: true, n: i, disk: d, content: content,
		})
	}
	if v.spec.ISO {
		all = append(all, &leaseItem{key: "/" + v.ref.Value + "/VirtualIDEController1:0",
			target: fmt.Sprintf("disk-%d.iso", len(all)), n: -1, file: v.isoFile()})
	}
	if v.spec.NVRAM != "" {
		all = append(all, &leaseItem{key: "/" + v.ref.Value + "/nvram",
			target: v.dir + ".nvram", n: -1, file: v.spec.NVRAM})
	}
	for _, it := range all {
		if st, err := os.Stat(it.file); err == nil {
			it.size = st.Size()
		}
	}
	return all
}

// isoFile makes the attached image: its content does not matter.
func (v *vm) isoFile() string {
	file := v.h.cfg.state + "/install.iso"
	if _, err := os.Stat(file); err != nil {
		iso := make([]byte, 64<<10)
		copy(iso[32769:], "CD001")
		_ = os.WriteFile(file, iso, 0o644)
	}
	return file
}

// info tells the stream's descriptor about the disk.
func (it *leaseItem) info(v *vm) streamInfo {
	return streamInfo{size: it.disk.raw.size, cid: contentCID(it.disk.uuid, it.content.gen),
		contentID: contentID(it.disk, 1), adapter: it.disk.adapter, hw: v.spec.HW[len("vmx-"):]}
}

func (it *leaseItem) stream(v *vm) *stream {
	return v.h.streams.get(it.content, it.disk.spec.Stream, it.info(v))
}

// url is where the item is fetched.  An ESXi writes * for itself; a vCenter
// names the host that has the disks, and its certificate.
func (l *lease) url(it *leaseItem) (url, thumbprint string) {
	h := l.h
	if !h.vc {
		return fmt.Sprintf("https://*/ha-nfc/%s/%s", l.ticket, pathEscape(it.target)), ""
	}
	thumbprint = h.nfcCert.sha1()
	if f := h.faults.fire("thumbprint-wrong", occasion{vm: l.vm.spec.Name, disk: it.n, file: it.target}); f != nil {
		switch f.What {
		case "empty":
			thumbprint = ""
		case "sha256":
			thumbprint = h.nfcCert.sha256()
		default:
			thumbprint = h.ca.sha1()
		}
	}
	return fmt.Sprintf("https://%s:%d/nfc/%s/%s", l.vm.at.host.Name, port(h.nfc), l.ticket, pathEscape(it.target)), thumbprint
}

// pathEscape is for one segment of a path; all but plain letters is escaped.
func pathEscape(s string) string {
	out := ""
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			out += string(c)
		} else {
			out += fmt.Sprintf("%%%02X", c)
		}
	}
	return out
}

// info makes what the client sees of a ready lease.
func (l *lease) info() *types.HttpNfcLeaseInfo {
	info := &types.HttpNfcLeaseInfo{Lease: l.mo.Self, Entity: l.vm.ref,
		LeaseTimeout: int32(l.h.cfg.leaseTimeout / time.Second)}
	hosts := make(map[string]bool)
	store := l.vm.at.ds.Self.Value
	for _, it := range l.items {
		url, thumb := l.url(it)
		u := types.HttpNfcLeaseDeviceUrl{Key: it.key, ImportKey: it.importKey, Url: url, SslThumbprint: thumb,
			Disk: types.NewBool(it.isDisk), TargetId: it.target, DatastoreKey: store}
		if it.isDisk {
			info.TotalDiskCapacityInKB += it.disk.raw.size / 1024
		} else if l.imp == nil {
			u.FileSize = it.size
		}
		info.DeviceUrl = append(info.DeviceUrl, u)
		if !hosts[store] {
			hosts[store] = true
			base := url[:len(url)-len(pathEscape(it.target))]
			info.HostMap = append(info.HostMap, types.HttpNfcLeaseDatastoreLeaseInfo{DatastoreKey: store,
				Hosts: []types.HttpNfcLeaseHostInfo{{Url: base, SslThumbprint: thumb}}})
		}
	}
	return info
}
