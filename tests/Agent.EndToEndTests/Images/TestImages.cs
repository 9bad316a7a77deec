namespace Agent.EndToEndTests.Images;

/// <summary>The images of most pods of the tests.</summary>
public static class TestImages
{
    /// <summary>What holds a pod's namespaces; node.sh names it to containerd.</summary>
    public const string Pause = "localhost/pause:1";

    /// <summary>The one program of peer.c, also under the name /bin/proxy.</summary>
    public const string Peer = "localhost/peer:1";

    /// <summary>A shell and the usual commands.</summary>
    public const string Busybox = "localhost/busybox:1";

    /// <summary>Writes these images, and that of <see cref="WebImage"/>, to one archive.</summary>
    public static async Task SaveAsync(string path)
    {
        var folder = Directory.CreateTempSubdirectory("closewatch-e2e-");
        try
        {
            var peer = Path.Combine(folder.FullName, "peer");
            var source = Repository.PathOf("tests/Agent.EndToEndTests/Images/peer.c");
            (await Command.RunAsync(["gcc", "-static", "-Os", "-s", "-Wall", "-o", peer, source])).Checked();
            ImageBuilder.Save(
                path,
                new ImageBuilder(Pause) { Entrypoint = ["/bin/peer", "pause"] }.AddFile(peer, "/bin/peer", executable: true),
                new ImageBuilder(Peer) { Entrypoint = ["/bin/peer"] }.AddFile(peer, "/bin/peer", executable: true).AddLink("/bin/proxy", "peer"),
                await new ImageBuilder(Busybox) { Entrypoint = ["/bin/sh"] }.AddBusyboxAsync(),
                WebImage.Create());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Adds busybox under the name of each of its commands.</summary>
    public static async Task<ImageBuilder> AddBusyboxAsync(this ImageBuilder image)
    {
        image.AddFile("/bin/busybox", "/bin/busybox", executable: true).AddDirectory("/tmp");
        foreach (var applet in (await Command.RunAsync(["/bin/busybox", "--list"])).Checked().Lines.Where(applet => applet != "busybox"))
        {
            image.AddLink("/bin/" + applet, "busybox");
        }

        return image;
    }
}
