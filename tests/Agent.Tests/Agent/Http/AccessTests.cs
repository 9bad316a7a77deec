using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Agent.Tests.Agent.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Agent.Tests.Agent.Http;

/// <summary>Who is told what: the Host header, and where reports are served.</summary>
public sealed class AccessTests
{
    private static readonly string[] s_reports = ["/", "/report", "/report.json"];

    /// <summary>An address of this machine that is not its loopback; null where there is none.</summary>
    private static readonly IPAddress? s_address = IPGlobalProperties.GetIPGlobalProperties().GetUnicastAddresses()
        .Select(static known => known.Address)
        .FirstOrDefault(static address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("LocalHost:9742", true)]
    [InlineData("localhost.", true)]
    [InlineData("node-7", true)]
    [InlineData("NODE-7:80", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]:9742", true)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("node-7.evil.example:9742", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("192.0.2.1:9742", false)]
    [InlineData("0.0.0.0:9742", false)]
    [InlineData("[2001:db8::1]", false)]
    public async Task Host_OfAnotherMachine_Is421(string host, bool isOwn)
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner, "Pods:NodeName=node-7");
        await agent.ScannedAsync(scanner, 1);
        foreach (var page in s_reports.Concat(["/metrics", "/healthz"]))
        {
            using var client = await RawClient.ConnectAsync(agent.Address);
            Assert.Equal(isOwn ? "HTTP/1.1 200 OK" : "HTTP/1.1 421 Misdirected Request", await client.AskAsync(page, host));
        }
    }

    [Fact]
    public async Task Host_ThisMachinesNameAndAddresses_AreItsOwn()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        var addresses = IPGlobalProperties.GetIPGlobalProperties().GetUnicastAddresses().Select(static known => known.Address.ToString().Split('%')[0]);
        foreach (var host in addresses.Append(Environment.MachineName))
        {
            using var client = await RawClient.ConnectAsync(agent.Address);
            Assert.Equal("HTTP/1.1 200 OK", await client.AskAsync("/healthz", host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:9742" : host));
        }
    }

    [Fact]
    public async Task Host_None_IsAnswered()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        using var client = await RawClient.ConnectAsync(agent.Address);
        await client.SendAsync("GET /healthz HTTP/1.0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("loopback")]
    [InlineData("everywhere")]
    public async Task Reports_OnTheNodesAddress_AreAnsweredWhereToldTo(string reports)
    {
        Assert.SkipWhen(s_address is null, "this machine has no address but its loopback");
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner, $"Http:Listen=http://{s_address}:0", $"Http:Reports={reports}");
        await agent.ScannedAsync(scanner, 1);

        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
        Assert.Equal(200, (await agent.GetAsync("/readyz")).Status);
        foreach (var page in s_reports)
        {
            var (status, body) = await agent.GetAsync(page);
            Assert.Equal(reports == "everywhere" ? 200 : 403, status);
            Assert.Equal(reports == "loopback", body.StartsWith("reports are served on the loopback address only (Http:Reports): use kubectl exec", StringComparison.Ordinal));
        }

        // kubectl port-forward and the plugin come by the loopback address, which is listened on besides.
        var loopback = agent.App.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(static address => new Uri(address)).SingleOrDefault(static address => address.IsLoopback);
        Assert.Equal(reports == "loopback", loopback is not null);
        if (loopback is not null)
        {
            foreach (var page in s_reports)
            {
                using var client = await RawClient.ConnectAsync(loopback);
                Assert.Equal("HTTP/1.1 200 OK", await client.AskAsync(page));
            }
        }
    }

    [Fact]
    public async Task Reports_AllAddressesListenedOn_TheAddressThatWasAskedDecides()
    {
        Assert.SkipWhen(s_address is null, "this machine has no address but its loopback");
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner, "Http:Listen=http://*:0");
        await agent.ScannedAsync(scanner, 1);
        using var outside = await RawClient.ConnectAsync(new($"http://{s_address}:{agent.Address.Port}"));
        using var inside = await RawClient.ConnectAsync(agent.Address);
        Assert.Equal("HTTP/1.1 403 Forbidden", await outside.AskAsync("/report"));
        Assert.Equal("HTTP/1.1 403 Forbidden", await outside.AskAsync("/report", "localhost"));
        Assert.Equal("HTTP/1.1 200 OK", await outside.AskAsync("/metrics"));
        Assert.Equal("HTTP/1.1 200 OK", await inside.AskAsync("/report"));
    }
}
