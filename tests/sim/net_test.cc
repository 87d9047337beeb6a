// Networks of a machine: loopback, and the user's network with a server and a
// client of the host on its loopback.
#include <arpa/inet.h>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/replay.h"
#include "tests/sim/virtio_guest.h"

using namespace virtio;

namespace
{

// -- loopback -----------------------------------------------------------------

TEST(NetLoopback, FramesComeBackAfterTheLatency)
{
    NetGuest g("backend: loopback, latency: 100us");
    ASSERT_TRUE(g.k.m) << g.k.error;
    std::string f = be(ALL, 6) + be(MAC, 6) + be(0x1234, 2) + "over and out";
    g.send(f);
    g.live(90);
    EXPECT_TRUE(g.heard.empty());
    g.live(20);
    ASSERT_EQ(1u, g.heard.size());
    EXPECT_EQ(f, g.heard[0].second);
    g.live(1000);
    EXPECT_EQ(TIME_NEVER, machine_next_activity(g.k.m)); // nothing is polled
}

TEST(NetLoopback, KeepsOrderAndForgetsWhatIsTooMuch)
{
    NetGuest g("backend: loopback, latency: 20ms");
    for (unsigned i = 0; i < 300; i++) {
        g.send(be(ALL, 6) + be(MAC, 6) + be(0x1234, 2) + be(i, 2));
        g.live(10);
    }
    EXPECT_TRUE(g.until([&] { return g.heard.size() == 256; }));
    g.live(30000);
    EXPECT_EQ(256u, g.heard.size());
    for (unsigned i = 0; i < g.heard.size(); i++) {
        EXPECT_EQ(i, be_at(g.heard[i].second, 14, 2));
    }
}

TEST(NetNone, NothingComes)
{
    NetGuest g("backend: none");
    g.send(dhcp(1, 0));
    g.live(1000);
    EXPECT_TRUE(g.heard.empty());
    g.tx_ring->take();
}

// -- the user's network -------------------------------------------------------

void get_address(NetGuest &g)
{
    g.send(dhcp(1, 0));
    ASSERT_TRUE(g.until([&] { return g.address != 0; }));
    EXPECT_EQ(GUEST_IP, g.address);
    g.address = 0;
    g.send(dhcp(3, GUEST_IP));
    ASSERT_TRUE(g.until([&] { return g.address != 0; }));
    EXPECT_EQ(GUEST_IP, g.address);
    g.send(arp(1, 0, GATEWAY));
    ASSERT_TRUE(g.until([&] { return g.gateway_mac != 0; }));
}

TEST(NetUser, DhcpAndArpAreTheSameEveryTime)
{
    std::vector<std::pair<uint64_t, std::string>> first;
    for (unsigned i = 0; i < 2; i++) {
        NetGuest g("backend: user");
        ASSERT_TRUE(g.k.m) << g.k.error;
        get_address(g);
        if (i) {
            EXPECT_EQ(first, g.heard);
        }
        first = g.heard;
        EXPECT_EQ(3u, first.size());
    }
}

// A socket of the host that listens on its loopback, or is connected to it.
struct Socket {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    explicit Socket(int from = -1)
    {
        if (from >= 0) {
            close(fd);
            fd = from;
        }
    }
    ~Socket() { close(fd); }
    Socket(const Socket &) = delete;
    Socket &operator=(const Socket &) = delete;
    static sockaddr_in loopback(uint16_t port)
    {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(port);
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return a;
    }
    uint16_t listens()
    {
        sockaddr_in a = loopback(0);
        socklen_t len = sizeof(a);
        EXPECT_EQ(0, bind(fd, reinterpret_cast<sockaddr *>(&a), len));
        EXPECT_EQ(0, listen(fd, 1));
        getsockname(fd, reinterpret_cast<sockaddr *>(&a), &len);
        return ntohs(a.sin_port);
    }
    bool ready(short what = POLLIN) const
    {
        pollfd p = {fd, what, 0};
        return poll(&p, 1, 0) == 1;
    }
};

// One exchange: the guest asks, the server answers and hangs up.
void talk(NetGuest &g, Socket &server, uint16_t port)
{
    get_address(g);
    g.connect(port);
    ASSERT_TRUE(g.until([&] { return g.open; }));
    ASSERT_TRUE(server.ready());
    Socket peer(accept(server.fd, nullptr, nullptr));
    g.tcp(ACK | PSH, "what is the answer?");
    ASSERT_TRUE(g.until([&] { return peer.ready(); }));
    char question[100];
    ssize_t n = read(peer.fd, question, sizeof(question));
    EXPECT_EQ("what is the answer?",
              std::string(question, n > 0 ? static_cast<size_t>(n) : 0));
    std::string answer(5000, '4');
    EXPECT_EQ(5000, write(peer.fd, answer.data(), answer.size()));
    shutdown(peer.fd, SHUT_WR);
    ASSERT_TRUE(g.until([&] { return g.closed; }));
    EXPECT_EQ(answer, g.data);
    g.tcp(FIN | ACK);
    g.live(1000);
    EXPECT_TRUE(peer.ready());
    EXPECT_EQ(0, read(peer.fd, question, 1)); // and so does the guest
}

TEST(NetUser, TcpToAServerOfTheHost)
{
    Socket server;
    uint16_t port = server.listens();
    NetGuest g("backend: user");
    talk(g, server, port);
}

TEST(NetUser, NobodyListens)
{
    uint16_t port;
    {
        Socket gone;
        port = gone.listens();
    }
    NetGuest g("backend: user");
    get_address(g);
    g.connect(port);
    EXPECT_TRUE(g.until([&] { return g.closed; })); // RST
    EXPECT_FALSE(g.open);
}

TEST(NetUser, RestrictedReachesNothing)
{
    Socket server;
    uint16_t port = server.listens();
    NetGuest g("backend: user, restrict: true");
    get_address(g);
    g.connect(port);
    EXPECT_FALSE(g.until([&] { return g.open; }, 400));
    EXPECT_FALSE(server.ready());
}

TEST(NetUser, ForwardedPort)
{
    uint16_t port;
    {
        Socket free;
        port = free.listens();
    }
    std::string forward =
        "backend: user, hostfwd: \"tcp:127.0.0.1:" + std::to_string(port) +
        "-:7\"";
    NetGuest g(forward);
    ASSERT_TRUE(g.k.m) << g.k.error;
    NetGuest second(forward); // the port is taken
    EXPECT_FALSE(second.k.m);
    EXPECT_NE(std::string::npos, second.k.error.find("kit.yaml:10: hostfwd: "))
        << second.k.error;
    get_address(g);
    g.listens = true;
    Socket client;
    sockaddr_in a = Socket::loopback(port);
    ASSERT_EQ(0,
              connect(client.fd, reinterpret_cast<sockaddr *>(&a), sizeof(a)));
    ASSERT_TRUE(g.until([&] { return g.open; }));
    EXPECT_EQ(7u, g.port_here);
    EXPECT_EQ(3, write(client.fd, "hi!", 3));
    ASSERT_TRUE(g.until([&] { return g.data == "hi!"; }));
    g.tcp(ACK | PSH, "ho!");
    ASSERT_TRUE(g.until([&] { return client.ready(); }));
    char back[8] = {};
    EXPECT_EQ(3, read(client.fd, back, sizeof(back)));
    EXPECT_STREQ("ho!", back);
}

// -- once more ----------------------------------------------------------------

struct Recorded {
    std::string path;
    TraceStore *store;
    explicit Recorded(Machine *m, const char *name)
        : path((std::filesystem::temp_directory_path() /
                (std::to_string(getpid()) + name))
                   .string()),
          store(trace_open(path.c_str(), nullptr))
    {
        MachineTrace what{true, UINT32_MAX, true};
        EXPECT_TRUE(machine_attach_trace(m, store, &what, nullptr));
    }
    void finish(Machine *m)
    {
        machine_detach_trace(m);
        EXPECT_TRUE(trace_close(store, nullptr));
    }
    ~Recorded() { std::filesystem::remove(path); }
    Recorded(const Recorded &) = delete;
    Recorded &operator=(const Recorded &) = delete;
};

TEST(NetUser, ReplaysWithoutANetwork)
{
    Socket server;
    uint16_t port = server.listens();
    NetGuest first("backend: user");
    Recorded db(first.k.m, "net.db");
    talk(first, server, port);
    db.finish(first.k.m);

    NetGuest again("backend: user");
    SerialSet *serial = serial_new(again.k.m, nullptr, 0, nullptr);
    Error *err = nullptr;
    ASSERT_TRUE(replay_load(again.k.m, serial, db.path.c_str(), &err))
        << error_message(err);
    // The same moves at the same times, and no server.
    get_address(again);
    again.connect(port);
    ASSERT_TRUE(again.until([&] { return again.open; }));
    EXPECT_FALSE(server.ready());
    again.tcp(ACK | PSH, "what is the answer?");
    EXPECT_TRUE(again.until([&] { return again.closed; }));
    EXPECT_EQ(std::string(5000, '4'), again.data);
    std::vector<std::string> a, b;
    for (auto &f : first.heard) {
        a.push_back(f.second);
    }
    for (auto &f : again.heard) {
        b.push_back(f.second);
    }
    a.resize(std::min(a.size(), b.size())); // but for the last goodbye
    EXPECT_EQ(a, b);
    serial_free(serial);
}

TEST(NetUser, ReplayNeedsTheSameMachine)
{
    NetGuest first("backend: user");
    Recorded db(first.k.m, "net2.db");
    get_address(first);
    db.finish(first.k.m);
    NetGuest other("backend: loopback");
    SerialSet *serial = serial_new(other.k.m, nullptr, 0, nullptr);
    Error *err = nullptr;
    EXPECT_FALSE(replay_load(other.k.m, serial, db.path.c_str(), &err));
    EXPECT_NE(nullptr, strstr(error_message(err), "dev0"));
    error_free(err);
    serial_free(serial);
}

// -- descriptions -------------------------------------------------------------

TEST(NetDescription, SaysWhatIsWrong)
{
    const struct {
        const char *device, *says;
    } wrong[] = {
        {"backend: tap", "kit.yaml:10: backend: no network \"tap\"; "},
        {"backend: usr", "user"},
        {"mac: 1:2:3", "kit.yaml:10: mac: \"1:2:3\""},
        {"hostfwd: 'tcp:127.0.0.1:80-:80'", "hostfwd: only a user's network"},
        {"backend: loopback, restrict: true", "restrict: only a user's"},
        {"backend: user, hostfwd: 'tcp:0.0.0.0:8080-:80'",
         "would be open to other machines"},
        {"backend: user, hostfwd: 'tcp:192.168.1.1:8080-:80'",
         "would be open to other machines"},
        {"backend: user, hostfwd: 'tcp:127.0.0.1:0-:80'", "names no ports"},
        {"backend: user, hostfwd: 'tcp:127.0.0.1:65536-:80'", "names no ports"},
        {"backend: user, hostfwd: 'tcp:127.0.0.1:-1-:80'", "names no ports"},
        {"backend: user, hostfwd: 'tcp::8080'", "names no ports"},
        {"backend: user, hostfwd: 'icmp::8080-:80'", "names no ports"},
        {"backend: user, hostfwd: 'tcp:host:8080-:80'", "names no ports"},
        {"backend: user, hostfwd: 'tcp::8080-:80,x'", "\"x\" names no ports"},
        {"backend: user, latency: 0", "latency"},
    };
    for (auto &w : wrong) {
        kit::Kit k(
            Guest::description(std::string("type: virtio-net, ") + w.device));
        EXPECT_EQ(nullptr, k.m) << w.device;
        EXPECT_NE(std::string::npos, k.error.find(w.says)) << k.error;
        EXPECT_EQ(std::string::npos, k.error.find('\n'));
    }
}

} // namespace
