#!/bin/bash
# A packager installs below DESTDIR and finds tools, pages and completions,
# nothing else; uninstall leaves no file.
. "$T/cli/lib.sh" || exit 1
[ -z "${SANITIZE:-}${VALGRIND:-}" ] || skip "the same files in every build"

mk()
{
	# -o: install what was tested, build nothing.
	make -s -o all -C "$T/.." BUILD="${B%/bin}" DESTDIR="$PWD/root" PREFIX=/usr "$@"
}

check "make install" mk install
files=$(cd root && find . -type f -o -type l | sort)
for tool in "$B"/*; do
	name=${tool##*/}
	for f in bin/"$name" share/man/man1/"$name".1 \
		share/bash-completion/completions/"$name" \
		share/fish/vendor_completions.d/"$name".fish; do
		check "installed: $f" test -s "root/usr/$f"
	done
	check "$name is not writable by others" \
		test "$(stat -c %a "root/usr/bin/$name")" = 755
done
check "installed: zsh completion" test -s \
	root/usr/share/zsh/site-functions/_esxbk
same "$(grep -E '\.(a|h|o)$' <<<"$files")" '' "no library, no headers"
same "$(grep -vE '^\./usr/(bin|share/(man|zsh|fish|bash-completion))/' \
	<<<"$files")" '' "nothing out of place"
check "make uninstall" mk uninstall
same "$(find root -type f -o -type l)" '' "uninstall leaves no file"
