package main

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
)

// errStream is what is wrong with an uploaded disk; other errors are of the
// connection or of our own files.
type errStream struct{ why string }

func (e *errStream) Error() string { return "Not a supported disk format (" + e.why + ")" }

func badStream(format string, args ...interface{}) error {
	return &errStream{fmt.Sprintf(format, args...)}
}

const (
	frontMost = 64 << 20      // bytes before the first marker, tables included
	grainMost = 2 * block     // compressed bytes of one grain
	capMost   = 62 << 40 >> 9 // sectors
)

// vmdkReader takes a streamOptimized VMDK apart as it comes in, and checks all
// of it: also what an ESXi would let pass.  It knows two layouts: tables
// behind their grains (VMware) and tables in front (qemu-img).
type vmdkReader struct {
	r         *bufio.Reader
	at        uint64 // sectors read
	capacity  uint64 // sectors that the disk has
	put       func(off int64, p []byte) error
	header    []byte
	front     []byte // header, descriptor and tables, if those are in front
	inFront   bool
	grainAt   map[uint64]uint32 // grain number -> sector of its marker
	last      int64             // LBA of the last grain
	table     uint64            // number of the table being filled
	pending   bool              // grains came that are in no table yet
	tables    map[uint64]uint32 // sector of each table seen
	empty     map[uint32]bool   // sectors of tables without a grain
	gdAt      uint32
	footer    bool
	populated int64
	z         io.ReadCloser
}

// readVMDK reads a whole stream of a disk of that many bytes.
func readVMDK(r io.Reader, size int64, put func(off int64, p []byte) error) (populated int64, err error) {
	v := &vmdkReader{r: bufio.NewReaderSize(r, 256<<10), capacity: uint64(size+sector-1) / sector, put: put,
		grainAt: make(map[uint64]uint32), tables: make(map[uint64]uint32), empty: make(map[uint32]bool), last: -1}
	if err := v.begin(); err != nil {
		return 0, err
	}
	for {
		over, err := v.marker()
		if err != nil {
			return 0, err
		}
		if over {
			return v.populated, v.finish()
		}
	}
}

func (v *vmdkReader) sectors(n uint64, what string) ([]byte, error) {
	p := make([]byte, n*sector)
	if _, err := io.ReadFull(v.r, p); err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil, badStream("the stream ends in the %s", what)
	} else if err != nil {
		return nil, err
	}
	v.at += n
	return p, nil
}

// begin reads what stands before the first marker.
func (v *vmdkReader) begin() error {
	h, err := v.sectors(1, "header")
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	if string(h[:4]) != "KDMV" {
		return badStream("invalid sparse VMDK header")
	}
	flags, desc, over := le.Uint32(h[8:]), le.Uint64(h[36:]), le.Uint64(h[64:])
	switch {
	case le.Uint32(h[4:]) < 3:
		return badStream("sparse VMDK version too old")
	case le.Uint32(h[4:]) > 3:
		return badStream("sparse VMDK version too new")
	case flags&0x30000 != 0x30000 || flags&^0x30003 != 0:
		return badStream("flags 0x%x", flags)
	case flags&1 != 0 && string(h[73:77]) != "\n \r\n":
		return badStream("the newline bytes are damaged")
	case le.Uint64(h[20:]) != grainSectors || le.Uint32(h[44:]) != gtEntries || le.Uint16(h[77:]) != 1:
		return badStream("grain size, table size or compression")
	case le.Uint64(h[12:]) != v.capacity || v.capacity > capMost:
		return badStream("capacity of %d sectors instead of %d", le.Uint64(h[12:]), v.capacity)
	case le.Uint64(h[28:]) != 1 || desc < 1 || desc > 20 || over < 1+desc || over > frontMost/sector:
		return badStream("descriptor of %d sectors, overhead of %d", desc, over)
	}
	gd := le.Uint64(h[56:])
	v.inFront = gd != gdAtEnd && gd < over
	rest, err := v.sectors(over-1, "overhead")
	if err != nil {
		return err
	}
	v.header = h
	if !bytes.HasPrefix(rest, []byte("# Disk DescriptorFile")) ||
		!bytes.Contains(rest[:desc*sector], []byte(`createType="streamOptimized"`)) {
		return badStream("no descriptor of a streamOptimized disk")
	}
	if v.inFront {
		v.front = append(append([]byte(nil), h...), rest...)
	}
	return nil
}

// marker reads one marker and what belongs to it; over is the end of stream.
func (v *vmdkReader) marker() (over bool, err error) {
	at := v.at
	m, err := v.sectors(1, "markers")
	if err != nil {
		return false, err
	}
	le := binary.LittleEndian
	val, size, kind := le.Uint64(m), le.Uint32(m[8:]), le.Uint32(m[12:])
	if size != 0 {
		return false, v.grain(at, val, size, m[12:])
	}
	if kind != markerEOS && kind != markerNote && v.inFront {
		return false, badStream("a marker of type %d, though the tables are in front", kind)
	}
	switch kind {
	case markerEOS:
		if !bytes.Equal(m, zeros[:sector]) {
			return false, badStream("the end-of-stream marker is not empty")
		}
		return true, nil
	case markerGT:
		return false, v.grainTable(val)
	case markerGD:
		return false, v.directory(val)
	case markerFooter:
		return false, v.foot(val)
	case markerNote:
		return false, nil
	}
	return false, badStream("unknown marker type %d", kind)
}

// left is how many bytes of the disk there are from a sector on, at most a
// grain.
func (v *vmdkReader) left(lba uint64) int {
	if n := (v.capacity - lba) * sector; n < block {
		return int(n)
	}
	return block
}

func (v *vmdkReader) grain(at, lba uint64, size uint32, start []byte) error {
	switch {
	case lba%grainSectors != 0 || lba >= v.capacity:
		return badStream("a grain of sector %d of %d", lba, v.capacity)
	case int64(lba) <= v.last:
		return badStream("a grain of sector %d after %d", lba, v.last)
	case size > grainMost || at > 0xffffffff:
		return badStream("a grain of %d compressed bytes", size)
	case v.gdAt != 0:
		return badStream("a grain after the directory")
	}
	data := append([]byte(nil), start...)
	if more := (12 + uint64(size) + sector - 1) / sector; more > 1 {
		p, err := v.sectors(more-1, "grains")
		if err != nil {
			return err
		}
		data = append(data, p...)
	}
	out, err := v.inflate(data[:size])
	if err != nil {
		return badStream("the grain of sector %d: %v", lba, err)
	}
	if len(out) != block && len(out) != v.left(lba) {
		return badStream("the grain of sector %d holds %d bytes", lba, len(out))
	}
	number := lba / grainSectors
	if table := number / gtEntries; table != v.table || !v.pending {
		if v.pending && !v.inFront {
			return badStream("no table after the grains of table %d", v.table)
		}
		v.table, v.pending = table, true
	}
	v.grainAt[number], v.last = uint32(at), int64(lba)
	v.populated += block
	return v.put(int64(lba)*sector, out[:v.left(lba)])
}

func (v *vmdkReader) inflate(p []byte) ([]byte, error) {
	r := bytes.NewReader(p)
	var err error
	if v.z == nil {
		v.z, err = zlib.NewReader(r)
	} else {
		err = v.z.(zlib.Resetter).Reset(r, nil)
	}
	if err != nil {
		v.z = nil
		return nil, err
	}
	out := make([]byte, block+1)
	n, err := io.ReadFull(v.z, out)
	switch {
	case err == nil:
		return nil, fmt.Errorf("more than %d bytes", block)
	case err != io.ErrUnexpectedEOF && err != io.EOF:
		return nil, err
	case r.Len() != 0:
		return nil, fmt.Errorf("%d bytes behind the compressed ones", r.Len())
	}
	// A cut deflate stream ends with the same error; the checksum tells.
	if _, err := v.z.Read(out[n:]); err != io.EOF {
		return nil, fmt.Errorf("the compressed bytes are cut")
	}
	return out[:n], nil
}

func (v *vmdkReader) grainTable(n uint64) error {
	if n != gtSectors {
		return badStream("a grain table of %d sectors", n)
	}
	at := v.at
	p, err := v.sectors(n, "grain tables")
	if err != nil {
		return err
	}
	if !v.pending {
		if !bytes.Equal(p, zeros[:len(p)]) {
			return badStream("a table without grains has entries")
		}
		v.empty[uint32(at)] = true
		return nil
	}
	v.tables[v.table], v.pending = uint32(at), false
	return v.compare(v.table, p)
}

// compare checks a table against the grains that came.
func (v *vmdkReader) compare(table uint64, p []byte) error {
	for i := uint64(0); i < gtEntries; i++ {
		have := v.grainAt[table*gtEntries+i]
		if names := binary.LittleEndian.Uint32(p[i*4:]); names != have {
			return badStream("table %d names sector %d for grain %d, the stream has %d", table, names, i, have)
		}
	}
	return nil
}

func (v *vmdkReader) directorySize() uint64 {
	return (v.capacity + gtEntries*grainSectors - 1) / (gtEntries * grainSectors)
}

func (v *vmdkReader) directory(n uint64) error {
	want := v.directorySize()
	if n != (want*4+sector-1)/sector || v.gdAt != 0 || v.pending {
		return badStream("a directory of %d sectors", n)
	}
	v.gdAt = uint32(v.at)
	p, err := v.sectors(n, "directory")
	if err != nil {
		return err
	}
	for i := uint64(0); i < n*sector/4; i++ {
		names, have := binary.LittleEndian.Uint32(p[i*4:]), v.tables[i]
		if names != have && !(have == 0 && i < want && v.empty[names]) {
			return badStream("the directory names sector %d for table %d, the stream has %d", names, i, have)
		}
	}
	return nil
}

func (v *vmdkReader) foot(n uint64) error {
	p, err := v.sectors(1, "footer")
	if err != nil {
		return err
	}
	if n != 1 || v.gdAt == 0 || v.footer || binary.LittleEndian.Uint64(p[56:]) != uint64(v.gdAt) ||
		!bytes.Equal(p[:56], v.header[:56]) || !bytes.Equal(p[64:79], v.header[64:79]) {
		return badStream("the footer does not fit the header and the directory")
	}
	v.footer = true
	return nil
}

// finish checks that the stream ends where it says.
func (v *vmdkReader) finish() error {
	if !v.inFront && !v.footer {
		return badStream("no footer before the end of the stream")
	}
	if v.inFront {
		if err := v.frontTables(); err != nil {
			return err
		}
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := v.r.Read(buf)
		// qemu-img leaves zeros behind the last grain.
		if n > 0 && (!v.inFront || !bytes.Equal(buf[:n], make([]byte, n))) {
			return badStream("bytes after the end of the stream")
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (v *vmdkReader) frontTables() error {
	le := binary.LittleEndian
	gd, size := le.Uint64(v.header[56:])*sector, uint64(len(v.front))
	for i := uint64(0); i < v.directorySize(); i++ {
		if gd+i*4+4 > size {
			return badStream("the directory is cut")
		}
		at := uint64(le.Uint32(v.front[gd+i*4:])) * sector
		if at == 0 || at+gtEntries*4 > size {
			return badStream("table %d lies at %d", i, at)
		}
		if err := v.compare(i, v.front[at:at+gtEntries*4]); err != nil {
			return err
		}
	}
	return nil
}
