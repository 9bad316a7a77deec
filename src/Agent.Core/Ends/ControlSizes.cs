namespace Agent.Core.Ends;

/// <summary>Sizes that a TLS alert or an HTTP/2 control frame has on the wire. Bytes of such a size need not be a request.</summary>
/// <remarks>
/// An alert is 2 bytes (RFC 8446, 6; RFC 5246, 7.2) in one record. A record costs 22 bytes in TLS 1.3 (header 5, type 1, tag 16), 29 in
/// TLS 1.2 with GCM or CCM (header, nonce 8, tag 16) and 21 with ChaCha20 or CCM_8. With CBC it has a header, an IV of 16, and blocks of 16
/// with at least one byte of padding: of content and MAC (RFC 5246, 6.2.3.2), or of the content alone with the MAC after them
/// (encrypt-then-MAC, RFC 7366). With a MAC of 20, 32 or 48 bytes (SHA-1, SHA-256, SHA-384) an alert is 53, 69 or 85, or else 57, 69 or 85.
/// OpenSSL 3 was measured to send just these, each suite with and without encrypt-then-MAC, TLS 1.1 as 1.2. Left out are TLS 1.0 (37
/// and 41) and padding beyond need.
/// SETTINGS acknowledged is 9 bytes, WINDOW_UPDATE 13, PING and GOAWAY 17 (RFC 9113, 6), whose suites are all AEAD (9.2.2). A request of
/// HTTP/1 has 18 bytes at least ("GET / HTTP/1.0" and two ends of lines): 39 or more in TLS, with CBC 69, 73, 85 or 101.
/// </remarks>
public static class ControlSizes
{
    private const int Alert = 2;
    private const int Ping = 17;
    private const int CbcHeaderAndIv = 5 + 16;
    private const int CbcBlock = 16;
    private static readonly int[] s_macs = [20, 32, 48];
    private static readonly int[] s_frames = [9, 13, Ping];
    private static readonly int[] s_aeadOverheads = [22, 29, 21];
    private static readonly AlertLength[] s_alerts = BuildAlerts();
    private static readonly bool[] s_isControl = BuildControl();

    /// <summary>
    /// True when so many bytes may be no request: one alert, one frame, a frame and a PING without TLS, or a frame and an alert.
    /// </summary>
    /// <param name="bytes">Bytes unread or unacknowledged.</param>
    public static bool MayBeControl(uint bytes) => bytes < s_isControl.Length && s_isControl[bytes];

    /// <summary>The same of bytes among which the sender's FIN may count as one.</summary>
    /// <param name="bytes">Bytes unread or unacknowledged.</param>
    public static bool MayBeControlAndFin(uint bytes) => MayBeControl(bytes) || MayBeControl(bytes - 1);

    /// <summary>Which TLS alert so many bytes are, if it is one.</summary>
    /// <param name="bytes">Bytes of data.</param>
    public static AlertLength AlertOf(ulong bytes) => bytes < (ulong)s_alerts.Length ? s_alerts[bytes] : AlertLength.None;

    /// <summary>The same of bytes among which the sender's FIN may count as one.</summary>
    /// <param name="bytes">Bytes unread or unacknowledged.</param>
    public static AlertLength AlertAndFinOf(uint bytes) =>
        AlertOf(bytes) is not AlertLength.None and var alert ? alert : AlertOf(bytes - 1);

    private static AlertLength[] BuildAlerts()
    {
        var alerts = new AlertLength[128];
        foreach (var overhead in s_aeadOverheads)
        {
            alerts[overhead + Alert] = AlertLength.Aead;
        }

        foreach (var mac in s_macs)
        {
            alerts[CbcHeaderAndIv + Padded(Alert + mac)] = AlertLength.Cbc;
            alerts[CbcHeaderAndIv + Padded(Alert) + mac] = AlertLength.Cbc;
        }

        return alerts;

        static int Padded(int bytes) => (bytes / CbcBlock * CbcBlock) + CbcBlock;
    }

    private static bool[] BuildControl()
    {
        var isControl = Array.ConvertAll(s_alerts, static alert => alert != AlertLength.None);
        foreach (var overhead in s_aeadOverheads)
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
