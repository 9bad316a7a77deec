using Agent.Kernel.Interop;
using Microsoft.Win32.SafeHandles;

namespace Agent.Kernel.Terminals;

/// <summary>
/// The window of a terminal (TIOCGWINSZ of ioctl_tty(2)). System.Console would tell it too, and prepare the terminal for reading keys by
/// the way: that prints escape sequences before the first byte of output.
/// </summary>
public static class TerminalWindow
{
    /// <summary>Columns of the terminal behind a descriptor (1: standard output); null when it is none or does not say.</summary>
    public static unsafe int? Columns(int descriptor)
    {
        using var handle = new SafeFileHandle(descriptor, ownsHandle: false);
        Libc.window_size size;
        return Libc.ioctl(handle, Libc.TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : null;
    }
}
