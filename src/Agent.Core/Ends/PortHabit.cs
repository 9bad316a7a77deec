using Agent.Kernel.Net;

namespace Agent.Core.Ends;

/// <summary>
/// Whether the clients of one port say last words before they close (a TLS alert, QUIT, GOAWAY), judged by the share of closes that were
/// seen
/// quiet. Bytes that may be last words or a request are counted as lost requests only where hardly anybody says last words.
/// </summary>
/// <remarks>
/// A TLS close ends with a reset whoever closes first, so resets and short leftovers are the rule there; a request meets the close of an
/// idle connection in a small part of the closes.
/// </remarks>
public sealed class PortHabit
{
    /// <summary>
    /// Of how many clients it is remembered which alerts they speak. Of others, as many bytes as an alert with CBC has may be one.
    /// </summary>
    public const int MaxClients = 64;

    private const int FewestWords = 5;

    /// <summary>
    /// Where more than one in so many says last words, any reset may have met them: clients with a TLS alert share ports with such that
    /// just close.
    /// </summary>
    private const int QuietPerWords = 10;

    // By client, since each may speak another suite.
    private readonly Dictionary<IpAddress, AlertLength> _alertsOf = [];

    private long _quiet;
    private long _words;
    private long _alerts;
    private long _aeadAlerts;
    private long _cbcAlerts;
    private long _plain;

    /// <summary>Losses that wait for this judgement.</summary>
    public long Held { get; private set; }

    /// <summary>True where clients close without a word, and what looks like a lost request is one.</summary>
    public bool IsQuiet => _quiet > (_words * QuietPerWords) + Held;

    /// <summary>True where clients are known to say last words.</summary>
    public bool SaysLastWords => _words > _quiet;

    /// <summary>
    /// True where last words, or what may be such, are seen more often than quiet closes, and where TLS alerts are: a server that is late
    /// to close after them, on a busy machine, has lost no request.
    /// </summary>
    public bool MayAnswerWordsLate => (_words + Held >= FewestWords && _words + Held > _quiet) || (SeesAlerts && !SpeaksPlain);

    /// <summary>
    /// True where bytes were seen that hardly can be anything but a TLS alert, and most clients do not close without a word.
    /// </summary>
    public bool SeesAlerts => _alerts > 0 && !IsQuiet;

    /// <summary>
    /// True where the server was seen to say what hardly can be anything but a TLS alert, unasked: its clients speak TLS, and what is as
    /// short as an alert is one.
    /// </summary>
    public bool ServerSaysAlerts => _aeadAlerts > 0;

    /// <summary>
    /// True where connections were seen that are too short for TLS, and more than alerts: few that do not speak it come to a port of
    /// TLS.
    /// </summary>
    public bool SpeaksPlain => _plain > _aeadAlerts + _cbcAlerts;

    /// <summary>
    /// True where bytes of an alert's size are none: the port speaks no TLS, or, for the size of one with CBC, the alerts on connections of
    /// this client were seen and are others.
    /// </summary>
    /// <param name="alert">Which alert has the size; none is ruled out.</param>
    /// <param name="client">The client's address.</param>
    public bool RulesOut(AlertLength alert, in IpAddress client) => alert == AlertLength.None || SpeaksPlain
        || (alert == AlertLength.Cbc && _alertsOf.GetValueOrDefault(client) == AlertLength.Aead);

    /// <summary>A client closed, or saw the close of its server, long after its last word.</summary>
    public void SawQuietClose() => _quiet++;

    /// <summary>A client said something unasked and closed.</summary>
    public void SawLastWords() => _words++;

    /// <summary>A TLS alert was left over at the end of a connection.</summary>
    public void SawAlert() => _alerts++;

    /// <summary>What can only be a TLS alert of this length: a server said it unasked, or a client before it closed.</summary>
    /// <param name="length">Its length.</param>
    /// <param name="client">The client's address.</param>
    public void SawCertainAlert(AlertLength length, in IpAddress client)
    {
        if (length == AlertLength.Cbc)
        {
            _cbcAlerts++;
        }
        else
        {
            _aeadAlerts++;
        }

        Remember(client, length);
    }

    /// <summary>A connection was too short for TLS, and was answered.</summary>
    public void SawPlain() => _plain++;

    /// <summary>Something was either a lost request or last words.</summary>
    public void Hold() => Held++;

    /// <summary>One of them was told otherwise.</summary>
    public void TakeBack() => Held--;

    /// <summary>Takes over what another one saw.</summary>
    public void Absorb(PortHabit other)
    {
        _quiet += other._quiet;
        _words += other._words;
        _alerts += other._alerts;
        _aeadAlerts += other._aeadAlerts;
        _cbcAlerts += other._cbcAlerts;
        _plain += other._plain;
        foreach (var (client, length) in other._alertsOf)
        {
            Remember(client, length);
        }

        Held += other.Held;
    }

    /// <summary>So many that were held are judged.</summary>
    public void Release(long count) => Held -= count;

    private void Remember(in IpAddress client, AlertLength length)
    {
        if (_alertsOf.Count < MaxClients || _alertsOf.ContainsKey(client))
        {
            _alertsOf[client] = _alertsOf.GetValueOrDefault(client) == AlertLength.Cbc ? AlertLength.Cbc : length;
        }
    }
}
