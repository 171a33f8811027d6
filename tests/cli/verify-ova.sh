#!/bin/bash
# An OVA as other programs may have made it, or as somebody may have made it to
# do harm: what is in order is OK, what is not is told.  A file and a pipe are
# told the same.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/verify.sh" || exit 1
need tar openssl
export_point uefi01
copy
rm p/backup.json
cd p || exit 1

make_ova()
{
	python3 "$T/cli/lib/tarmake.py" x.ova "$@"
}

disk=uefi01-disk1.vmdk
all=(uefi01.ovf uefi01.mf "$disk" uefi01.nvram)

# good_both: the archive by name and from a pipe.
good_both()
{
	local level
	for level in quick hash deep; do
		good --level $level x.ova
		good --level $level - < <(cat x.ova)
		good --level $level - <x.ova
	done
}

# damaged_both LINE WHAT-OF-THE-PIPE: of x.ova, at level hash.
damaged_both()
{
	verify 1 x.ova
	same "$(grep -v ': OK$' out)" "$1"
	verify 1 - < <(cat x.ova)
	same "$(grep -v ': OK$' out | sort)" "$(sort <<<"${2-${1//x.ova/-}}")"
}

# --- in order ---------------------------------------------------------------

make_ova "${all[@]}"
good_both
make_ova uefi01.ovf "$disk" uefi01.nvram uefi01.mf
good_both
make_ova uefi01.ovf uefi01.mf "base256:$disk" uefi01.nvram
good_both
tar --format=ustar -cf x.ova "${all[@]}" # a record of 10 KiB, zeros behind
good_both
tar --format=gnu -cf x.ova "${all[@]}"
good_both
# With the manifest at the end no digest is known before.
for kind in sha1 sha512; do
	for f in uefi01.ovf "$disk" uefi01.nvram; do
		echo "${kind^^}($f)= $("${kind}sum" <"$f" | cut -d' ' -f1)"
	done >other.mf
	make_ova uefi01.ovf "$disk" uefi01.nvram uefi01.mf=other.mf
	good_both
done

# A compressed file: its digest is that of what lies there.
mkdir z && gzip -nc "$disk" >z/disk && gzip -nc uefi01.nvram >z/nvram
sed "s|\(ovf:href=\"[^\"]*\"\) ovf:id|ovf:compression=\"gzip\" \1 ovf:id|
	s/ovf:size=\"$(stat -c %s "$disk")\"/ovf:size=\"$(stat -c %s z/disk)\"/
	s/ovf:size=\"$(stat -c %s uefi01.nvram)\"/ovf:size=\"$(stat -c %s \
		z/nvram)\"/" uefi01.ovf >z/ovf
same "$(grep -c 'compression="gzip"' z/ovf)" 2 "two are compressed"

# pack: with a manifest of what is in z
pack()
{
	{
		echo "SHA256(uefi01.ovf)= $(sha256sum <z/ovf | cut -c-64)"
		echo "SHA256($disk)= $(sha256sum <z/disk | cut -c-64)"
		echo "SHA256(uefi01.nvram)= $(sha256sum <z/nvram | cut -c-64)"
	} >z/mf
	make_ova uefi01.ovf=z/ovf uefi01.mf=z/mf "$disk=z/disk" \
		uefi01.nvram=z/nvram
}

pack
good_both
flip z/disk 1000000
flip z/nvram 1000
pack
good x.ova
verify 1 --level deep x.ova
check "a damaged disk in it" grep -q "^x.ova/$disk: FAILED (.*; its digest is the manifest's all the same)\$" out
check "of what is no disk, too" grep -q "^x.ova/uefi01.nvram: FAILED (.*gzip" out
verify 1 --level deep - < <(cat x.ova)
same "$(grep -c FAILED out)" 2 "the same on a pipe"
rm -r z

# --- damaged ----------------------------------------------------------------

cp "$disk" good
flip "$disk" 2000000
for order in 1 2; do
	if [ $order = 1 ]; then
		make_ova "${all[@]}"
	else
		make_ova uefi01.ovf "$disk" uefi01.nvram uefi01.mf
	fi
	damaged_both "x.ova/$disk: FAILED (its SHA256 is not the manifest's)"
	verify 1 --level deep - < <(cat x.ova)
	check "where it is" grep -qE "^-/$disk: FAILED \(grain at sector [0-9]* does not inflate; its digest is not the manifest's either\)" out
done
mv good "$disk"

# A disk was cut before its digest was made: every sum is right.
head -c 1048576 "$disk" >cut.vmdk
sed "s/ovf:size=\"$(stat -c %s "$disk")\"/ovf:size=\"1048576\"/" uefi01.ovf \
	>cut.ovf
sum=$(sha256sum <cut.vmdk)
sed "s/^SHA256($disk)= .*/SHA256($disk)= ${sum%% *}/" uefi01.mf >cut.mf
sum=$(sha256sum <cut.ovf)
sed -i "s/^SHA256(uefi01.ovf)= .*/SHA256(uefi01.ovf)= ${sum%% *}/" cut.mf
make_ova uefi01.ovf=cut.ovf uefi01.mf=cut.mf "$disk=cut.vmdk" uefi01.nvram
mkdir sums && tar -xf x.ova -C sums
check "sha256sum -c finds nothing" sh -c 'cd sums && sha256sum -c uefi01.mf'
rm -r sums
verify 1 --level deep x.ova
same "$(grep -v ': OK$' out)" \
	"x.ova/$disk: FAILED (stream ends after 1048576 bytes, inside a grain; its digest is the manifest's all the same)"
verify 1 --level deep - < <(cat x.ova)
same "$(grep -v ': OK$' out)" \
	"-/$disk: FAILED (stream ends after 1048576 bytes, inside a grain; its digest is the manifest's all the same)"
damaged "x.ova/$disk: FAILED (it does not end with a footer and the end of stream; its digest is the manifest's all the same)" \
	x.ova

# --- not as an OVA has to be ------------------------------------------------

no_header="no tar header: the checksum is wrong"
lost="x.ova/uefi01.nvram: FAILED (it is not there)"

# refused WHY MEMBER...: the archive ends for us where that stands.
refused()
{
	local why=$1
	shift
	make_ova "$@"
	damaged_both "x.ova: FAILED ($why)
$lost" "-: FAILED (standard input: $why)
${lost/x.ova/-}"
}

three=(uefi01.ovf uefi01.mf "$disk")
files="an OVA has only regular files"
refused "uefi01.nvram is a symbolic link; $files" "${three[@]}" link:uefi01.nvram
refused "uefi01.nvram is a hard link; $files" "${three[@]}" hard:uefi01.nvram
refused "sda is a device; $files" "${three[@]}" device:sda uefi01.nvram
refused "f is a FIFO; $files" "${three[@]}" fifo:f uefi01.nvram
refused "d is a folder; $files" "${three[@]}" folder:d uefi01.nvram
refused "h is a pax header; $files" "${three[@]}" pax:h uefi01.nvram
refused "h is a long name of GNU tar; $files" "${three[@]}" long:h uefi01.nvram
refused "h is a sparse file; $files" "${three[@]}" sparse:h uefi01.nvram
refused "$disk is there twice" "${three[@]}" "$disk" uefi01.nvram
refused "the member '../x' has no plain file name" "${three[@]}" \
	../x=uefi01.nvram
refused "the member '/etc/x' has no plain file name" "${three[@]}" \
	/etc/x=uefi01.nvram
refused "the member 'd/x' has no plain file name" "${three[@]}" \
	d/x=uefi01.nvram
refused "$no_header" "${three[@]}" badsum:uefi01.nvram
for end in noend oneend; do
	make_ova "${all[@]}" $end:
	damaged_both "x.ova: FAILED (the archive ends without its two blocks of zeros)" \
		"-: FAILED (standard input: the archive ends without its two blocks of zeros)"
done
make_ova "${all[@]}" tail:
damaged_both "x.ova: FAILED (something stands behind the archive's end)" \
	"-: FAILED (standard input: something stands behind the archive's end)"

make_ova uefi01.mf "${three[0]}" "$disk" uefi01.nvram
damaged_both "x.ova/uefi01.ovf: FAILED (it is not the first in the archive)" \
	"-/uefi01.mf: FAILED (neither descriptor nor manifest names it)
-/uefi01.ovf: FAILED (it is not the first in the archive)"
make_ova "${all[@]}" extra.vmdk="$disk"
damaged_both "x.ova/extra.vmdk: FAILED (neither descriptor nor manifest names it)"
make_ova "${three[@]}"
damaged_both "x.ova/uefi01.nvram: FAILED (it is not there)"

# Cut within the last file: where a file ends is known, of a pipe it is not.
make_ova "${all[@]}"
size=$(stat -c %s x.ova)
nvram=$(stat -c %s uefi01.nvram)
truncate -s $((size - 1024 - nvram / 2)) x.ova
verify 1 x.ova
check "a cut archive" grep -qE "^x.ova: FAILED \(the archive is cut: it has [0-9]* of the $nvram bytes of uefi01.nvram\)\$" out
has out "x.ova/$disk: OK"
verify 1 - < <(cat x.ova)
check "cut on a pipe" grep -qE "^-/uefi01.nvram: FAILED \(standard input: the archive is cut: it has [0-9]* of the $nvram bytes of uefi01.nvram\)\$" out
has out "-/$disk: OK"

# --- no OVA -----------------------------------------------------------------

tar -cf x.ova uefi01.mf
verify 65 x.ova
same "$(cat err)" \
	"esxbk-verify: x.ova: no backup: there is no descriptor (.ovf) in the archive"
verify 65 - < <(cat x.ova)
same "$(cat err)" \
	"esxbk-verify: standard input: no backup: there is no descriptor (.ovf) in the archive"
verify 65 - < <(echo hello)
same "$(cat err)" \
	"esxbk-verify: standard input: no backup: it begins neither as an OVA nor as a VMDK"
verify 65 - </dev/null
gzip -c uefi01.ovf >x.ova
verify 65 x.ova
same "$(cat err)" \
	"esxbk-verify: x.ova: no backup: neither a point, an .ovf nor an .ova"
