#!/bin/bash
# Something happened to a point: the file is named, and why it is no longer
# what it was; no damage hides another.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/verify.sh" || exit 1
export_point uefi01

disk=uefi01-disk1.vmdk
size=$(stat -c %s "$POINT/$disk")
capacity=$(record "$POINT" '.disks[0].capacity')

# --- bytes ------------------------------------------------------------------

copy && flip "p/$disk" $((size / 2))
good --level quick p
damaged "p/$disk: FAILED (its SHA256 is not the manifest's)" p
verify 1 --level deep p
check "deep says where" grep -qE "^p/$disk: FAILED \(grain at sector [0-9]* does not inflate; its digest is not the manifest's either\)\$" out
same "$(grep -c OK out)" 4 "the others are good"

# A header that is damaged is seen without a look at the rest.
copy && flip "p/$disk" 20
damaged "p/$disk: FAILED (grainSize is 129, not 128)" --level quick p

copy && truncate -s -512 "p/$disk"
damaged "p/$disk: FAILED ($((size - 512)) bytes, the descriptor says $size)" \
	--level quick p

copy && echo >>"p/$disk"
damaged "p/$disk: FAILED ($((size + 1)) bytes, the descriptor says $size)" p

copy && : >"p/$disk"
damaged "p/$disk: FAILED (0 bytes, the descriptor says $size)" --level deep p

copy && flip p/uefi01.nvram 100
good --level quick p
damaged "p/uefi01.nvram: FAILED (its SHA256 is not the manifest's)" p

copy && echo >>p/uefi01.ovf
good --level quick p
damaged "p/uefi01.ovf: FAILED (its SHA256 is not the manifest's)" p

# Two at once.
copy && flip p/uefi01.nvram 100 && flip "p/$disk" $((size / 2))
damaged "p/$disk: FAILED (its SHA256 is not the manifest's)
p/uefi01.nvram: FAILED (its SHA256 is not the manifest's)" -j 1 p
damaged "p/$disk: FAILED (its SHA256 is not the manifest's)
p/uefi01.nvram: FAILED (its SHA256 is not the manifest's)" -j 8 p
verify 1 -q p
same "$(wc -l <out)" 2 "-q leaves out what is good"
verify 1 --json p
same "$(jq -c 'select(.type == "verify") | [.outcome, .exit, .class,
	(.files[] | select(.outcome == "failed") | [.file, .reason])]' out)" \
	"[\"failed\",1,\"negative\",[\"$disk\",\"its SHA256 is not the manifest's\"],[\"uefi01.nvram\",\"its SHA256 is not the manifest's\"]]"
same "$(jq -c 'select(.type == "summary") | [.files, .damaged, .failed]' \
	out)" '[5,2,1]'

# --- files ------------------------------------------------------------------

for level in quick hash deep; do
	copy && rm "p/$disk"
	damaged "p/$disk: FAILED (it is not there)" --level $level p
	copy && rm p/uefi01.ovf
	damaged "p/uefi01.ovf: FAILED (it is not there)" --level $level p
	copy && echo hello >p/notes.txt
	damaged "p/notes.txt: FAILED (neither descriptor nor manifest names it)" \
		--level $level p
done
copy && mkdir p/state
damaged "p/state: FAILED (it is no regular file)" p
copy && cp p/uefi01.ovf p/other.ovf
damaged "p/other.ovf: FAILED (neither descriptor nor manifest names it)" p
copy && cp "p/$disk" p/uefi01-disk2.vmdk && resum
damaged "p/uefi01-disk2.vmdk: FAILED (the descriptor does not name it)" p
copy && mv p/uefi01.nvram elsewhere && ln -s ../elsewhere p/uefi01.nvram
damaged "p/uefi01.nvram: FAILED (it is no regular file)" p
rm elsewhere

# --- manifest ---------------------------------------------------------------

copy && sed -i '/nvram/d' p/uefi01.mf
damaged "p/uefi01.nvram: FAILED (it is not in the manifest)" --level quick p
copy && sed -i '/ovf/d' p/uefi01.mf
damaged "p/uefi01.ovf: FAILED (it is not in the manifest)" p
copy && echo "SHA256(gone.iso)= $(sha256sum </dev/null | cut -c-64)" \
	>>p/uefi01.mf
damaged "p/gone.iso: FAILED (it is not there)" p
copy && echo "SHA256(backup.json)= $(sha256sum <p/backup.json | cut -c-64)" \
	>>p/uefi01.mf
damaged "p/backup.json: FAILED (the manifest names it)" p
copy && sed -i '2s/.$//' p/uefi01.mf
damaged "p/uefi01.mf: FAILED (line 2: SHA256 has 63 hex digits, not 64)" p
copy && sed -i 's/SHA256(/MD5(/' p/uefi01.mf
damaged "p/uefi01.mf: FAILED (line 1: unknown algorithm 'MD5')" p
# Another digest than the record's is clear without a look at the file.
copy && sed -i "/$disk/s/= .*/= $(printf %064d 7)/" p/uefi01.mf
damaged "p/$disk: FAILED (its digests in the manifest and in backup.json are not the same)" \
	--level quick p
# A point without one is damaged, even if nothing else is.
lost='it is not there: nothing tells whether the descriptor is what it was'
copy && rm p/uefi01.mf
for level in quick hash deep; do
	damaged "p/uefi01.mf: FAILED ($lost)" --level $level p
done
damaged "p/uefi01.mf: FAILED ($lost)" p/uefi01.ovf
verify 1 --json p
same "$(jq -c 'select(.type == "verify") | [.outcome, .exit, .class,
	.warnings, (.files[] | select(.outcome == "failed"))]' out)" \
	"[\"failed\",1,\"negative\",[],{\"file\":\"uefi01.mf\",\"outcome\":\"failed\",\"reason\":\"$lost\",\"bytes\":0}]"
flip "p/$disk" 70000
damaged "p/uefi01.mf: FAILED ($lost)
p/$disk: FAILED (its SHA256 is not the one in backup.json)" p
# It is a point as well if its record cannot be read.
copy && rm p/uefi01.mf && echo '{' >p/backup.json
verify 1 --level quick p
has out "p/uefi01.mf: FAILED ($lost)"
copy && rm p/uefi01.mf p/uefi01.ovf
damaged "p/uefi01.ovf: FAILED (it is not there)
p/uefi01.mf: FAILED ($lost)" p
# What is no point needs none.
copy && rm p/uefi01.mf && flip "p/$disk" 70000
rm p/backup.json
verify 0 p/uefi01.ovf
same "$(cat err)" \
	"esxbk-verify: warning: p/uefi01.ovf: there is nothing to compare digests with"
# What the manifest does not notice the blocks do.
verify 1 --level deep p/uefi01.ovf
check "deep needs no digest" grep -qF "p/$disk: FAILED (grain " out

# Forms of other writers are read, and those told that VMware refuses.
copy && (cd p && sha256sum --tag uefi01.ovf "$disk" uefi01.nvram) >mf &&
	mv mf p/uefi01.mf
verify 0 p
same "$(cat err)" \
	"esxbk-verify: warning: p/uefi01.mf: line 1 is not of the form SHA256(file)= hex: VMware's tools refuse it"
copy && (cd p && openssl dgst -sha256 uefi01.ovf "$disk" uefi01.nvram) >mf &&
	mv mf p/uefi01.mf
verify 0 p
for kind in sha1 sha512; do
	copy && (cd p && for f in uefi01.ovf "$disk" uefi01.nvram; do
		echo "${kind^^}($f)= $("${kind}sum" <"$f" | cut -d' ' -f1)"
	done) >mf && mv mf p/uefi01.mf
	good p
	flip p/uefi01.nvram 5
	damaged "p/uefi01.nvram: FAILED (its ${kind^^} is not the manifest's)" p
done

# --- descriptor -------------------------------------------------------------

copy && edit p/uefi01.ovf "s/ovf:size=\"$size\"/ovf:size=\"$((size - 1))\"/"
damaged "p/$disk: FAILED ($size bytes, the descriptor says $((size - 1)))" \
	--level quick p
copy && edit p/uefi01.ovf \
	's/ovf:capacity="[0-9]*"/ovf:capacity="1"/; s/ovf:capacityAllocationUnits="[^"]*"/ovf:capacityAllocationUnits="byte * 2^20"/'
damaged "p/$disk: FAILED (a disk of $capacity bytes, the descriptor says 1048576)" \
	--level quick p
copy && edit p/uefi01.ovf "s/$disk/other.vmdk/"
damaged "p/other.vmdk: FAILED (it is not there)
p/$disk: FAILED (the descriptor does not name it)" --level quick p
copy && edit p/uefi01.ovf 's/<References>/<References/'
verify 1 p
check "no XML" grep -q '^p/uefi01.ovf: FAILED (line [0-9]*: ' out
copy && cp "p/$disk" p/extra.vmdk &&
	edit p/uefi01.ovf 's|<References>|<References><File ovf:id="x" ovf:href="extra.vmdk"/>|'
damaged "p/extra.vmdk: FAILED (backup.json does not name it)" --level quick p

# What is no stream is told, for nobody looks into it.
copy && rm p/backup.json && edit p/uefi01.ovf 's/#streamOptimized/#sparse/' &&
	head -c 5000 /dev/zero >"p/$disk" &&
	edit p/uefi01.ovf "s/ovf:size=\"$size\"/ovf:size=\"5000\"/"
verify 0 --level deep p/uefi01.ovf
has err "p/$disk: no streamOptimized disk (format 'http://www.vmware.com/interfaces/specifications/vmdk.html#sparse'): only its size and digest were checked"
edit p/uefi01.ovf 's/#sparse/#streamOptimized/'
damaged "p/$disk: FAILED (not a sparse VMDK: it begins with 00000000; its digest is the manifest's all the same)" \
	--level hash p/uefi01.ovf

# A disk that holds only what differs from another is no whole one.
copy
qemu-img convert -f vmdk -B "p/$disk" -F vmdk -O vmdk \
	-o subformat=streamOptimized "p/$disk" delta.vmdk
cid=$(record "$POINT" '.disks[0].cid')
verify 0 --level deep delta.vmdk
has err "esxbk-verify: warning: delta.vmdk: it is no whole disk: it needs a parent of CID $cid"
rm p/backup.json && mv delta.vmdk "p/$disk" &&
	edit p/uefi01.ovf "s/ovf:size=\"$size\"/ovf:size=\"$(stat -c %s \
		"p/$disk")\"/"
verify 1 p/uefi01.ovf
has out "p/$disk: FAILED (it is no whole disk: it needs a parent of CID $cid)"

# --- record -----------------------------------------------------------------

change()
{
	copy && jq "$1" "$POINT/backup.json" >p/backup.json
}

change '.disks[0].content_sha256 |= (.[1:] + "0")'
good p
damaged "p/$disk: FAILED (its content digest is not the one in backup.json)" \
	--level deep p
change '.disks[0].capacity += 512'
damaged "p/$disk: FAILED (a disk of $capacity bytes, backup.json says $((capacity + 512)))" \
	--level quick p
change '.disks[0].size += 1'
damaged "p/$disk: FAILED ($size bytes, backup.json says $((size + 1)))" \
	--level quick p
change '.disks[0].cid = "00000001"'
verify 1 --level quick p
check "another CID" grep -q \
	"^p/$disk: FAILED (its CID is [0-9a-f]*, backup.json says 00000001)\$" out
change 'del(.disks)'
damaged "p/$disk: FAILED (backup.json does not name it)" --level quick p
change '.files += [{"file": "uefi01.iso"}]'
damaged "p/uefi01.iso: FAILED (it is not there)" --level quick p
copy && truncate -s 100 p/backup.json
verify 1 p
check "a cut record" grep -q '^p/backup.json: FAILED (backup.json:' out
# Without one, that a file is missing nobody can tell.
copy && rm p/backup.json
verify 0 --level quick p
same "$(cat err)" \
	"esxbk-verify: warning: p: there is no backup.json: whether all of the backup is there is not known"
change '.kind = "inc"'
verify 65 p
same "$(cat out err)" \
	"esxbk-verify: p: a backup of kind 'inc': this version checks full ones only"

# --- several ----------------------------------------------------------------

copy && flip p/uefi01.nvram 100
verify 1 nowhere "$POINT" p
same "$(grep -c . out)" 10 "each file of both"
same "$(tail -n 2 err)" "esxbk-verify: nowhere: open: No such file or directory
esxbk-verify: 1 of 10 files damaged"
echo text >text
verify 66 nowhere "$POINT"
verify 65 "$POINT" text
same "$(cat err)" \
	"esxbk-verify: text: no backup: neither a point, an .ovf nor an .ova"
mkdir empty
verify 65 empty
same "$(cat err)" \
	"esxbk-verify: empty: no backup: there is no descriptor (.ovf) in the folder"
