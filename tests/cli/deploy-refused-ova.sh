#!/bin/bash
# An archive that is cut, or holds what an OVA may not, never becomes a VM: as
# a file it is refused before anything moves, from a pipe nothing stays.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

# bad HOW: bad.ova is an OVA of the point with something wrong.
bad()
{
	python3 - "$POINT" "$1" <<-'PY'
		import io, os, sys, tarfile
		top, how = sys.argv[1:]
		names = ["uefi01.ovf", "uefi01-disk1.vmdk", "uefi01.nvram", "uefi01.mf"]
		if how == "not first":
		    names = names[1:] + names[:1]
		if how == "no descriptor":
		    names = names[1:]
		kind = tarfile.PAX_FORMAT if how == "pax" else tarfile.USTAR_FORMAT
		headers = {"comment": "x" * 600} if how == "pax" else None
		with tarfile.open("bad.ova", "w:", format=kind, pax_headers=headers) as t:
		    for name in names:
		        t.add(os.path.join(top, name), name)
		    m = tarfile.TarInfo("extra.vmdk")
		    if how == "link":
		        m.type, m.linkname = tarfile.SYMTYPE, "/etc/passwd"
		    elif how == "hard link":
		        m.type, m.linkname = tarfile.LNKTYPE, "uefi01.ovf"
		    elif how == "device":
		        m.type, m.devmajor, m.devminor = tarfile.CHRTYPE, 1, 3
		    elif how == "folder":
		        m.type = tarfile.DIRTYPE
		    elif how == "duplicate":
		        m.name = "uefi01.nvram"
		    elif how == "up":
		        m.name = "../extra.vmdk"
		    elif how == "root":
		        m.name = "/tmp/extra.vmdk"
		    elif how == "second descriptor":
		        m.name = "other.ovf"
		    elif how != "extra":
		        m = None
		    if m:
		        t.addfile(m, io.BytesIO())
		    end = t.offset
		if how == "cut":
		    os.truncate("bad.ova", 2000000)
		elif how == "cut in header":
		    os.truncate("bad.ova", 300)
		elif how == "no end":
		    os.truncate("bad.ova", end)
		elif how == "behind":
		    with open("bad.ova", "ab") as f:
		        f.write(b"more")
	PY
}

# broken HOW LINE: an archive is refused as a file before anything moves;
# from a pipe it may be found late, and then nothing stays.
broken()
{
	bad "$1"
	refused 65 "bad.ova: $2" bad.ova
	pipe 65 refused < <(cat bad.ova)
	said_like "esxbk-deploy-ovf: restore refused: (uefi01-disk1.vmdk: )?standard input.*"
	gone refused
}

# from_pipe LINE: what was said of the pipe.
from_pipe()
{
	said "esxbk-deploy-ovf: restore refused: standard input$1"
}

archives()
{
	local only='an OVA has only regular files' size
	size=$(stat -c %s "$POINT/uefi01-disk1.vmdk")
	broken extra 'the descriptor does not name extra.vmdk'
	from_pipe ': the descriptor does not name extra.vmdk'
	broken 'second descriptor' 'the descriptor does not name other.ovf'
	broken link "extra.vmdk is a symbolic link; $only"
	from_pipe ": extra.vmdk is a symbolic link; $only"
	broken 'hard link' "extra.vmdk is a hard link; $only"
	broken device "extra.vmdk is a device; $only"
	broken folder "extra.vmdk/ is a folder; $only"
	broken duplicate 'uefi01.nvram is there twice'
	broken pax "././@PaxHeader is a pax header; $only"
	broken up "the member '../extra.vmdk' has no plain file name"
	broken root "the member '/tmp/extra.vmdk' has no plain file name"
	broken 'not first' 'an OVA begins with its descriptor, this with uefi01-disk1.vmdk: unpack it and give uefi01.ovf'
	from_pipe ': an OVA begins with its descriptor, this with uefi01-disk1.vmdk'
	broken 'no descriptor' 'no backup: there is no descriptor (.ovf) in the archive'
	broken cut "the archive is cut: it has 1991808 of the $size bytes of uefi01-disk1.vmdk"
	broken 'cut in header' 'no backup: neither a point, an .ovf nor an .ova'
	from_pipe ' is no OVA'
	broken 'no end' 'the archive ends without its two blocks of zeros'
	from_pipe ': the archive ends without its two blocks of zeros'
	broken behind "something stands behind the archive's end"
	from_pipe ": something stands behind the archive's end"
}

# Another order of the files is no matter but to a pipe.
order()
{
	archive order.ova "$POINT" uefi01.ovf uefi01.nvram uefi01-disk1.vmdk \
		uefi01.mf
	pipe 65 refused < <(cat order.ova)
	from_pipe ': uefi01.nvram comes where the host wants uefi01-disk1.vmdk; an OVA in another order can be restored from a file'
	gone refused
	mark_host
	deploy 0 --name ordered order.ova
	sent_equal ordered "$POINT/uefi01-disk1.vmdk" "$POINT/uefi01.nvram"
	# Of another size than the descriptor says, and no manifest to tell.
	copy
	echo >>p/uefi01.nvram
	archive size.ova p uefi01.ovf uefi01-disk1.vmdk uefi01.nvram
	pipe 65 refused < <(cat size.ova)
	said 'esxbk-deploy-ovf: restore refused: uefi01.nvram has 270841 bytes, the descriptor says 270840'
	gone refused
	archive short.ova p uefi01.ovf uefi01-disk1.vmdk
	pipe 65 refused < <(cat short.ova)
	said 'esxbk-deploy-ovf: restore refused: standard input: there is no uefi01.nvram in the OVA'
	gone refused
}

deploy_host esxi
point_of uefi01
archives
order
host_idle
