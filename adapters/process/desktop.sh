# The script of a session: it starts the display, the window manager and the template's command. When this script
# ends, the session ends. Its exit status says why (see reason in session.go).
#
# Arguments: the display's size as WIDTHxHEIGHT, its name, how much larger than usual programs draw, then the command.
# Open files: 3 is the socket on which viewers connect. 4 and 5 are the two ends of a pipe on which the display reports
# that it is ready. 6 is a pipe that the supervisor keeps open while it runs.
geometry=$1
export DISPLAY="$2"
scale=$3
shift 3
trap 'exit 84' USR2
trap display_ended USR1
trap 'exit 83' TERM

# The kernel kills this script when the supervisor dies, but only once setpriv has set the death signal. Until then the
# pipe reports the supervisor's end. In a sandbox the script is the first process and only ends by itself, so it gets
# TERM. Without a sandbox it gets KILL with the rest. If the kernel came first, the script is gone, and a message to the
# dead supervisor's pipe would end this block before the KILL: so kill writes to /dev/null.
{
	read -r _ <&6
	kill -TERM $$ 2>/dev/null
	kill -KILL 0
} 3<&- 4<&- 5>&- &

# Xvnc discards its messages with -inetd. So when it ends before it was ready, it runs once more without, to say why. At
# most two seconds: it may start this time.
ready=
display_ended() {
	trap '' USR1
	[ -n "$ready" ] || limit='timeout 2' display -rfbport -1 5>&-
	exit 81
}

# -inetd with a listening socket as standard input serves RFB on that socket and on nothing else. It is the last option,
# because Xvnc reports nothing after it. -nolisten local closes the abstract socket, which every process of a network
# namespace can reach. Xvnc blocks an address after five connections that break off before sign-in, and all viewers
# share one address: without the high threshold five viewers that disconnect early would block all of them.
# -MaxCutText is the longest text, in bytes, that a viewer may put into the clipboard.
# The limit of its memory, in kilobytes, bounds the size that a viewer or a program gives the display while it runs:
# 8192 by 8192 pixels need two thirds of it. Xvnc refuses a size for which it gets no memory. A lower limit stays.
limit=
display() {
	ulimit -d 786432 2>/dev/null
	$limit Xvnc "$DISPLAY" -auth "$XAUTHORITY" -geometry "$geometry" -depth 24 -nolisten tcp -nolisten local \
		-noreset -dpi $((96 * scale)) -MaxCutText 1048576 -SecurityTypes None \
		-AlwaysShared -BlacklistThreshold 1000000000 "$@"
}
{
	display -displayfd 5 -inetd <&3 3<&- 4<&- 6<&-
	echo "Xvnc ended with status $?" >&2
	kill -USR1 $$
} &
exec 3<&- 5>&- 6<&-
read -r _ <&4 || display_ended
ready=yes
exec 4<&-

# Programs fill the desktop, and follow its size: it has the size of the browser's window, in which a frame around the one
# program would only take room. Dialogs stay as they are. The rest is the window manager's own configuration, and a user
# can change all of it.
rules=$HOME/.config/openbox/rc.xml
if [ ! -e "$rules" ] && [ -r /etc/xdg/openbox/rc.xml ]; then
	fill='<application class="*" type="normal"><maximized>yes<\/maximized><decor>no<\/decor><\/application>'
	mkdir -p "${rules%/*}"
	sed "s/^<applications>/&$fill/" /etc/xdg/openbox/rc.xml >"$rules"
fi

# Each toolkit has a way of its own to draw larger. ~/.Xdefaults is for Xft, for Chromium and for X programs, as long as
# nobody loads resources into the display. GTK multiplies the size of text by the scale once more, and is told not to.
if [ "$scale" -gt 1 ]; then
	[ -e "$HOME/.Xdefaults" ] || cat >"$HOME/.Xdefaults" <<-END
		Xft.dpi: $((96 * scale))
		Xcursor.size: $((24 * scale))
		XTerm*faceName: Monospace
		XTerm*faceSize: 10
	END
	export GDK_SCALE="$scale" GDK_DPI_SCALE="0.$((1000 / scale))" QT_AUTO_SCREEN_SCALE_FACTOR=1 XCURSOR_SIZE=$((24 * scale))
fi

# The command starts when the window manager runs, so that its window gets the keyboard. If the window manager does not
# start, the command starts after 5 seconds.
sleep 5 &
pause=$!

# The session ends when its user chooses "exit" in the window manager's menu. When the window manager crashes, it is
# restarted.
{
	openbox --startup "sh -c 'kill $pause'" || until openbox; do sleep 1; done
	sleep 0.2
	kill -USR2 $$
} &
wait $pause

"$@" &
wait $!
status=$?
sleep 0.2 # when the display ends, programs end shortly before it; then its signal arrives during this pause
case $status in
0) exit 84 ;;
126 | 127) exit 82 ;;
*) exit 80 ;;
esac
