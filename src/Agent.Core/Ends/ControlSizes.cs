namespace Agent.Core.Ends;

/// <summary>Sizes that a TLS alert or an HTTP/2 control frame has on the wire. Bytes of such a size need not be a request.</summary>
/// <remarks>
/// A record costs 22 bytes in TLS 1.3 and 29 (GCM) or 21 (ChaCha20) in TLS 1.2; close_notify is 2 bytes (RFC 8446, 6.1). With CBC a
/// close_notify is 53, 57, 69 or 85. SETTINGS acknowledged is 9 bytes, WINDOW_UPDATE 13, PING and GOAWAY 17 (RFC 9113, 6). A request in
/// TLS is never shorter than 40 bytes, and one of HTTP/1 without it not shorter than 18.
/// </remarks>
public static class ControlSizes
{
    private const int Alert = 2;
    private const int Ping = 17;
    private const uint ShortestRequestInTls = 40;
    private static readonly int[] s_frames = [9, 13, Ping];
    private static readonly int[] s_recordOverheads = [22, 29, 21];
    private static readonly int[] s_alerts = [.. s_recordOverheads.Select(static overhead => overhead + Alert), 53, 57, 69, 85];
    private static readonly bool[] s_isControl = Build();

    /// <summary>
    /// True when so many bytes may be no request: one alert, one frame, a frame and a PING without TLS, or a frame and an alert.
    /// </summary>
    /// <param name="bytes">Bytes unread or unacknowledged.</param>
    public static bool MayBeControl(uint bytes) => bytes < s_isControl.Length && s_isControl[bytes];

    /// <summary>True when so many bytes are one TLS alert, and hardly anything else.</summary>
    /// <param name="bytes">Bytes unread or unacknowledged.</param>
    public static bool IsAlert(uint bytes) => s_alerts.Contains((int)bytes);

    /// <summary>The same without those of CBC, which a short request in a record has as well.</summary>
    /// <param name="bytes">Bytes unread or unacknowledged.</param>
    public static bool IsShortAlert(uint bytes) => bytes < ShortestRequestInTls && IsAlert(bytes);

    private static bool[] Build()
    {
        var isControl = new bool[128];
        foreach (var size in s_alerts)
        {
            isControl[size] = true;
        }

        foreach (var overhead in s_recordOverheads)
        {
            foreach (var frame in s_frames)
            {
                isControl[overhead + frame] = true;
                isControl[overhead + frame + overhead + Alert] = true;
            }
        }

        foreach (var frame in s_frames)
        {
            isControl[frame] = true;
            isControl[frame + Ping] = true;
        }

        return isControl;
    }
}
