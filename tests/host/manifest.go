package main

import (
	"github.com/vmware/govmomi/vim25/types"
)

func (h *Host) leaseChecksumType(c *call) (interface{}, error) {
	l, err := h.leaseOf(c)
	if err != nil {
		return nil, err
	}
	req := c.body.(*types.HttpNfcLeaseSetManifestChecksumType)
	for _, it := range l.items {
		if it.gets > 0 {
			return nil, invalidState()
		}
	}
	for _, kv := range req.DeviceUrlsToChecksumTypes {
		it := l.item(kv.Key)
		if it == nil {
			return nil, invalidArgument("deviceUrlsToChecksumTypes")
		}
		if kv.Value != "sha1" && kv.Value != "sha256" {
			return nil, invalidArgument("deviceUrlsToChecksumTypes")
		}
		it.checksum = kv.Value
	}
	return &types.HttpNfcLeaseSetManifestChecksumTypeResponse{}, nil
}

func (l *lease) item(key string) *leaseItem {
	for _, it := range l.items {
		if it.key == key || it.finalKey != "" && it.finalKey == key {
			return it
		}
	}
	return nil
}

// leaseManifest tells size and digest of what was sent.
func (h *Host) leaseManifest(c *call) (interface{}, error) {
	l, err := h.leaseOf(c)
	if err != nil {
		return nil, err
	}
	if f := h.faults.fire("no-manifest", noDisk(c.method, l.vm.spec.Name)); f != nil {
		if f.What == "empty" {
			return &types.HttpNfcLeaseGetManifestResponse{}, nil
		}
		return nil, f.asked("NotSupported", "The operation is not supported on the object.")
	}
	res := &types.HttpNfcLeaseGetManifestResponse{}
	for _, it := range append([]*leaseItem(nil), l.items...) {
		if it.gets == 0 {
			continue
		}
		if l.imp != nil && !it.whole {
			continue
		}
		seen := *it
		h.mu.Unlock() // digests of cut transfers take their time
		e, err := seen.entry(l.vm, c.version)
		h.mu.Lock()
		if err != nil {
			return nil, err
		}
		h.lie(l, it, e)
		res.Returnval = append(res.Returnval, *e)
	}
	return res, nil
}

func (it *leaseItem) entry(v *vm, version string) (*types.HttpNfcLeaseManifestEntry, error) {
	e := &types.HttpNfcLeaseManifestEntry{Key: it.key, Size: it.sent, Disk: it.isDisk}
	sums, err := it.sums(v, e)
	if err != nil {
		return nil, err
	}
	algorithm := it.checksum
	if algorithm == "" {
		algorithm = "sha1"
	}
	if algorithm == "sha1" {
		e.Sha1 = sums.sha1
	}
	if atLeast(version, "6.7") {
		e.ChecksumType, e.Checksum = algorithm, sums.sha1
		if algorithm == "sha256" {
			e.Checksum = sums.sha256
		}
	}
	return e, nil
}

// sums gives the digests of the bytes that were sent last.
func (it *leaseItem) sums(v *vm, e *types.HttpNfcLeaseManifestEntry) (digests, error) {
	if it.came != nil {
		e.PopulatedSize = it.came.populated
		if it.isDisk {
			e.Capacity = it.disk.raw.size
		}
		return it.came.sums, nil
	}
	if !it.isDisk {
		return prefixSums(it.file, it.sent)
	}
	s := it.stream(v)
	e.Capacity = it.disk.raw.size
	if !it.whole {
		return prefixSums(s.file, it.sent)
	}
	_, populated, sums := s.whole()
	e.PopulatedSize = populated
	return sums, nil
}

// lie makes an entry wrong when that is armed.
func (h *Host) lie(l *lease, it *leaseItem, e *types.HttpNfcLeaseManifestEntry) {
	f := h.faults.fire("manifest-wrong", occasion{vm: l.vm.spec.Name, disk: it.n, file: it.target})
	if f == nil {
		return
	}
	if f.What == "size" {
		e.Size += 512
		return
	}
	flip := func(s string) string {
		if s == "" {
			return s
		}
		if s[0] == '0' {
			return "1" + s[1:]
		}
		return "0" + s[1:]
	}
	e.Sha1, e.Checksum = flip(e.Sha1), flip(e.Checksum)
}
