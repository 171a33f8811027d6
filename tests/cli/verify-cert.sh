#!/bin/bash
# A package that somebody signed: the signature is one of this manifest by
# that certificate, or the .cert is no good.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/verify.sh" || exit 1
need openssl
export_point uefi01
copy
rm p/backup.json

key()
{
	openssl req -x509 -newkey "$2" ${3:+-pkeyopt "$3"} -nodes -days 30 \
		-subj "/O=Example/CN=$1" -keyout "$1.key" -out "$1.pem" \
		2>/dev/null
}

# sign KEY ALGORITHM: p's manifest
sign()
{
	echo "${2^^}(uefi01.mf)= $(openssl dgst "-$2" -sign "$1.key" -hex \
		p/uefi01.mf | sed 's/.*= //')"
	cat "$1.pem"
}

key one rsa:2048
key two rsa:2048
key curve ec ec_paramgen_curve:P-256

# The algorithm need not be the manifest's.
for kind in sha256 sha512 sha1; do
	sign one $kind >p/uefi01.cert
	good p/uefi01.ovf
	has out "p/uefi01.cert: OK"
	good --level deep p/uefi01.mf
done
sed -i 's/$/\r/' p/uefi01.cert
good p/uefi01.ovf

no_such="the signature is not one of this manifest by this certificate"
line="p/uefi01.cert: FAILED"
signed=$(sign one sha256)

echo "$signed" >p/uefi01.cert
sed -i 's/^\(SHA256(uefi01.ovf)=\) */\1  /' p/uefi01.mf
damaged "$line ($no_such)" p/uefi01.ovf
good --level quick p/uefi01.ovf
sed -i 's/^\(SHA256(uefi01.ovf)=\) */\1 /' p/uefi01.mf
good p/uefi01.ovf
# Another's certificate, another algorithm, a digit.
{ head -n 1 <<<"$signed" && cat two.pem; } >p/uefi01.cert
damaged "$line ($no_such)" p/uefi01.ovf
echo "${signed/#SHA256/SHA512}" >p/uefi01.cert
damaged "$line ($no_such)" p/uefi01.ovf
sed '1s/= ../= 00/' <<<"$signed" >p/uefi01.cert
damaged "$line ($no_such)" p/uefi01.ovf
sed '1s/..$//' <<<"$signed" >p/uefi01.cert
damaged "$line ($no_such)" p/uefi01.ovf
# Not of the form.
head -n 1 <<<"$signed" >p/uefi01.cert
damaged "$line (it holds no certificate in PEM)" p/uefi01.ovf
sed 1d <<<"$signed" >p/uefi01.cert
damaged "$line (its first line is not of the form SHA256(uefi01.mf)= hex)" \
	p/uefi01.ovf
for other in uefi02.mf other.mf ''; do
	sed "1s/uefi01.mf/$other/" <<<"$signed" >p/uefi01.cert
	damaged "$line (it signs another file than uefi01.mf)" p/uefi01.ovf
done
sed '1s/^SHA256/MD5/' <<<"$signed" >p/uefi01.cert
damaged "$line (unknown algorithm 'MD5')" p/uefi01.ovf
sed '1s/.$//' <<<"$signed" >p/uefi01.cert
damaged "$line (a signature of 511 hex digits)" p/uefi01.ovf
: >p/uefi01.cert
damaged "$line (its first line is not of the form SHA256(uefi01.mf)= hex)" \
	p/uefi01.ovf
sign curve sha256 >p/uefi01.cert
damaged "$line (the certificate's key is not RSA)" p/uefi01.ovf

# One that has run out still tells who signed.
openssl req -x509 -key one.key -subj "/CN=once" -days 1 -not_before \
	20200101000000Z -not_after 20200102000000Z -out one.pem 2>/dev/null ||
	openssl x509 -req -in <(openssl req -new -key one.key -subj /CN=once) \
		-signkey one.key -days -1 -out one.pem 2>/dev/null
sign one sha256 >p/uefi01.cert
verify 0 p/uefi01.ovf
check "run out" grep -qE "^esxbk-verify: warning: p/uefi01.ovf: the certificate of CN = once is valid until [0-9TZ:-]* only\$" err

# Without the manifest it signs nothing.
rm p/uefi01.mf
damaged "$line (there is no manifest that it could sign)" p/uefi01.ovf

# In an OVA it stands behind the manifest.
copy
echo "$signed" >p/uefi01.cert
(cd p && python3 "$T/cli/lib/tarmake.py" ../x.ova uefi01.ovf uefi01.mf \
	uefi01.cert uefi01-disk1.vmdk uefi01.nvram)
good x.ova
good - < <(cat x.ova)
has out "-/uefi01.cert: OK"
