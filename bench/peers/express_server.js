// express_server -- the REST of the stack that OpenMMO replaces: Express 4 with helmet, compression and cors, and a pool of
// connections to PostgreSQL (--database HOST: the folder of its socket; without it only the health is answered).
import compression from 'compression';
import cors from 'cors';
import express from 'express';
import helmet from 'helmet';
import pg from 'pg';

const words = process.argv.slice(2);
const options = { host: '127.0.0.1', port: '0', database: '' };
while (words.length) options[words.shift().replace(/^--/, '')] = words.shift();

const app = express();
app.use(helmet());
app.use(compression());
app.use(cors({ origin: 'http://localhost:8080', credentials: true }));
app.use(express.json());

app.get('/api/health', (request, response) => {
    response.json({ status: 'OK', timestamp: new Date().toISOString(), uptime: process.uptime() });
});

if (options.database) {
    const pool = new pg.Pool({ host: options.database, user: 'openmmo', database: 'openmmo', max: 20 });
    app.get('/api/players/:id', async (request, response) => {
        try {
            const found = await pool.query('SELECT id, username, created_at, last_login FROM players WHERE id = $1',
                [request.params.id]);
            if (!found.rows.length) response.status(404).json({ error: 'Player not found' });
            else response.json(found.rows[0]);
        } catch (error) {
            response.status(500).json({ error: 'Internal server error' });
        }
    });
}

const server = app.listen(Number(options.port), options.host, () => console.log(`listening on port ${server.address().port}`));
process.on('SIGTERM', () => process.exit(0));
