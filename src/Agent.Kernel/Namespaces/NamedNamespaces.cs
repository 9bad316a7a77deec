using System.Text;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>The network namespaces that have a name: bind mounts below /run/netns, ip-netns(8). Container runtimes make them too.</summary>
internal sealed class NamedNamespaces(IReadOnlyList<string> directories)
{
    // A name appears as an empty file first and is mounted on a moment later, which the directory's time does not show.
    private const int ListingsAfterChange = 2;

    private readonly DirectoryReader _reader = new();
    private readonly List<NamedNamespace> _found = [];
    private readonly long[] _modified = new long[directories.Count];
    private int _listingsLeft = ListingsAfterChange;

    public IReadOnlyList<NamedNamespace> Found => _found;

    /// <summary>Lists the directories again when they changed.</summary>
    /// <returns>True when they were listed.</returns>
    /// <exception cref="KernelException">A directory is there but cannot be read.</exception>
    public bool Refresh()
    {
        _listingsLeft = AnyModified() ? ListingsAfterChange : _listingsLeft - 1;
        if (_listingsLeft < 0)
        {
            _listingsLeft = 0;
            return false;
        }

        _found.Clear();
        foreach (var path in directories)
        {
            List(path);
        }

        _found.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return true;
    }

    private bool AnyModified()
    {
        var any = false;
        for (var i = 0; i < directories.Count; i++)
        {
            using var directory = DirectoryHandle.TryOpen(directories[i]);
            var modified = directory is not null && directory.Stat("\0"u8, out var status) == 0 ? status.ModifiedNanoseconds : 0;
            any |= modified != _modified[i];
            _modified[i] = modified;
        }

        return any;
    }

    private void List(string path)
    {
        using var directory = DirectoryHandle.TryOpen(path);
        if (directory is null)
        {
            return;
        }

        var device = NamespaceDevice();
        _reader.Start(directory.Handle);
        while (_reader.MoveNext())
        {
            if (directory.Stat(_reader.TerminatedName, out var status) == 0 && status.Device == device
                && !_found.Exists(known => known.Inode == status.Inode))
            {
                var name = Encoding.UTF8.GetString(_reader.Name);
                _found.Add(new(name, $"{path}/{name}", status.Inode, status.ModifiedNanoseconds));
            }
        }
    }

    // All namespaces are inodes of one file system, nsfs; a process may always look at its own.
    private static ulong NamespaceDevice()
    {
        using var own = DirectoryHandle.Open("/proc/self/ns");
        return own.Stat("net\0"u8, out var status) == 0 ? status.Device : 0;
    }
}

/// <summary>One name.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Path">The file.</param>
/// <param name="Inode">The namespace's inode.</param>
/// <param name="MadeNanoseconds">
/// When the inode was made (nsfs sets its times once, simple_inode_init_ts): a name holds it, so another namespace of the same number has
/// another time.
/// </param>
internal sealed record NamedNamespace(string Name, string Path, ulong Inode, long MadeNanoseconds);
